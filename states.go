package innsigli

// State is where a process stands in its life. docs/states.md draws it; the store repeats it as a CHECK constraint.
type State int

// The states of a process (design/decisions.md 2).
const (
	// Created: kept, but no invitation has been handed over yet. Active.
	Created State = iota + 1
	// Started: the first invitation has been handed over, or nobody is invited. Active.
	Started
	// Sealing: everyone has signed, the sealed document is being made. Shown as Started; cannot be canceled any more.
	Sealing
	// Completed: sealed and told.
	Completed
	// Canceled: ended by the company. Nothing leads out of it.
	Canceled
	// Expired: ended by time.
	Expired
	// Declined: ended by a signee. Shown as Canceled.
	Declined
)

var stateNames = [...]string{"", "Created", "Started", "Sealing", "Completed", "Canceled", "Expired", "Declined"}

// String is the state's own name, as stored.
func (s State) String() string {
	if s < Created || s > Declined {
		return "State(?)"
	}
	return stateNames[s]
}

// Shown is the state's name on the wire, which knows neither Sealing nor Declined.
func (s State) Shown() string {
	switch s {
	case Sealing:
		return Started.String()
	case Declined:
		return Canceled.String()
	case Created, Started, Completed, Canceled, Expired:
	}
	return s.String()
}

// ParseState reads what String wrote; zero when it is none.
func ParseState(name string) State {
	for i, n := range stateNames {
		if i > 0 && n == name {
			return State(i)
		}
	}
	return 0
}

// Active says whether a signature is allowed and a cancel has something to do.
func (s State) Active() bool { return s == Created || s == Started }

// Ended says whether the process was ended before everyone had signed: its document is gone.
func (s State) Ended() bool { return s == Canceled || s == Expired || s == Declined }

// May says whether a process may go from s to next. No verb leads out of Completed, Canceled, Expired or Declined.
func (s State) May(next State) bool {
	switch s {
	case Created:
		return next == Started || next == Sealing || next.Ended()
	case Started:
		return next == Sealing || next.Ended()
	case Sealing:
		return next == Completed
	case Completed, Canceled, Expired, Declined:
	}
	return false
}
