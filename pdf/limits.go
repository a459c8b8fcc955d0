package pdf

// Limits of what is read. They bound memory and time on hostile input; ordinary
// documents stay far below. A document beyond one is refused, never cut.
const (
	// MaxFileSize is in bytes. Intake takes 50 MB, which may become 64 MB when
	// they are written anew; the rest is room for what sealing adds, signature
	// images of a hundred people above all, so that a sealed document can always
	// be opened again.
	MaxFileSize = 100 << 20
	// MaxPages is the longest page tree that is walked.
	MaxPages = 2000
	// MaxObjects bounds object numbers, and so the cross-reference in memory.
	MaxObjects = 1_000_000
	// MaxRevisions is how many cross-reference sections a document may chain.
	MaxRevisions = 100
	// MaxNesting is how deep arrays, dictionaries and page nodes may nest.
	MaxNesting = 100
	// MaxPageSide is in default user space units (ISO 32000-1, annex C.2).
	MaxPageSide = 14400
	// MaxFields is how many form fields are walked.
	MaxFields = 50_000
	// MaxFiles is how many embedded files a name tree may hold.
	MaxFiles = 10_000
	// MaxObjectSource is the longest text of one object, streams' bodies
	// excepted, in bytes.
	MaxObjectSource = 4 << 20
	// MaxObjectStream is the decoded size of one object or cross-reference
	// stream, in bytes.
	MaxObjectStream = 64 << 20
	// MaxImport is how many bytes of objects one imported page may bring.
	MaxImport = 20 << 20
)

const (
	// headerWindow is where the header must begin (ISO 32000-1, annex H,
	// implementation note 13).
	headerWindow = 1024
	// tailWindow is where startxref must be; it leaves room for the junk that
	// mail gateways and web servers add.
	tailWindow = 2048
	// maxValues is how many values one object may hold: four megabytes of
	// "0 0 0" would else become a hundred megabytes of interfaces.
	maxValues = 250_000
	// maxEntries is the sum over all cross-reference sections of a document:
	// sections may overlap, so file size alone does not bound the work.
	maxEntries = 4 * MaxObjects
	// maxWork bounds the bytes that are lexed over a document's life: a second.
	// Only pages, fields and names are; ordinary documents need a hundredth.
	maxWork = 48 << 20
	// maxDecoded bounds the bytes that are inflated over a document's life.
	maxDecoded = 256 << 20
	// maxLinks is the longest chain of references that is followed.
	maxLinks = 32
	// maxMarks is how many ends of revisions are noted; all but MaxRevisions of
	// them are text that only looks like one.
	maxMarks = 10_000
	// maxBusy is how deep loading one object may need others (a stream's
	// length, the object stream it lies in); real documents need three.
	maxBusy = 8
	// cacheBytes and cacheObjects bound the parsed objects that are kept,
	// streamCacheBytes the decoded object streams.
	cacheBytes       = 1 << 20
	cacheObjects     = 4096
	streamCacheBytes = 8 << 20
)
