// Package pdf reads PDF documents strictly and changes them only by appending.
//
// It is the floor of the signing engine: objects, cross-reference sections, the
// page tree, and an incremental writer (ISO 32000-1, 7.5.6). Two rules shape it:
//
//   - What is not understood is not touched. A dictionary is changed by
//     splicing its raw bytes, never by writing it anew from what was parsed.
//   - Nothing is guessed. A document whose cross-reference would have to be
//     repaired, that is encrypted or that exceeds a limit is refused with a
//     [Refusal]; the normaliser may then rewrite it and try again.
//
// Foreign bytes are read through an [io.ReaderAt] in windows; stream bodies stay
// where they are, so that memory does not grow with the document.
package pdf
