package innsigli

// ClockState is what the operating system says of its clock.
type ClockState string

// The states of a clock.
const (
	ClockSynchronized   ClockState = "synchronized"
	ClockUnsynchronized ClockState = "unsynchronized"
	ClockUnknown        ClockState = "unknown" // nothing: there is no such call, or it is forbidden
)

// MachineClock is how right the machine's clock is, as its operating system says.
type MachineClock struct {
	State ClockState  `json:"state"`
	Error *ClockError `json:"error,omitempty"` // of a synchronised clock
}

// ClockError is how far a clock is off at most, and by estimate, in microseconds.
type ClockError struct {
	Estimated int64 `json:"estimatedMicroseconds"`
	Maximum   int64 `json:"maximumMicroseconds"`
}
