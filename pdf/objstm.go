package pdf

// objectStream is a decoded object stream (ISO 32000-1, 7.5.7).
type objectStream struct {
	data []byte
	at   map[int]int // object number to offset in data
}

// compressed returns object num of the object stream with number container.
func (d *Document) compressed(num, container int) (object, error) {
	s, err := d.objectStream(container)
	if err != nil {
		return object{}, err
	}
	at, ok := s.at[num]
	if !ok {
		return object{}, broken("object %d is not in its object stream", num)
	}
	l := newLexer(s.data[at:min(len(s.data), at+MaxObjectSource)])
	l.space()
	from := l.p
	v, err := l.value(0)
	if err == errShort { //nolint:errorlint // own value, never wrapped
		err = broken("an object stream ends inside an object")
	}
	if err != nil {
		return object{}, err
	}
	if _, bad := v.(keyword); bad {
		return object{}, broken("an object holds a bare word")
	}
	// A copy, so that a small object does not keep the whole stream alive.
	l.src.b = append([]byte(nil), l.b[:l.p]...)
	return object{v, l.src.b[from:]}, nil
}

func (d *Document) objectStream(num int) (*objectStream, error) {
	if s, ok := d.streams[num]; ok {
		return s, nil
	}
	if num >= len(d.xref) || d.xref[num].kind != inFile {
		return nil, broken("object stream %d is missing", num)
	}
	v, err := d.Get(Ref{num, d.xref[num].generation()})
	if err != nil {
		return nil, err
	}
	raw, ok := v.(*Stream)
	if !ok || raw.Get("Type") != Name("ObjStm") {
		return nil, broken("object %d is no object stream", num)
	}
	n, err := d.Resolve(raw.Get("N"))
	if err != nil {
		return nil, err
	}
	first, err := d.Resolve(raw.Get("First"))
	if err != nil {
		return nil, err
	}
	data, err := d.decode(raw)
	if err != nil {
		return nil, err
	}
	s, err := indexObjectStream(data, n, first)
	if err != nil {
		return nil, err
	}
	if d.inflate += int64(len(data)); d.inflate > streamCacheBytes {
		clear(d.streams)
		d.inflate = int64(len(data))
	}
	d.streams[num] = s
	return s, nil
}

// indexObjectStream reads the pairs of number and offset before the objects.
func indexObjectStream(data []byte, n, first any) (*objectStream, error) {
	count, ok1 := n.(int)
	start, ok2 := first.(int)
	if !ok1 || !ok2 || count < 0 || count > MaxObjects || start < 0 || start > len(data) {
		return nil, broken("an object stream with odd numbers")
	}
	l := newLexer(data[:start])
	s := &objectStream{data: data, at: make(map[int]int, min(count, start/4+1))}
	for range count {
		num, at := l.number(), l.number()
		if num < 0 || at < 0 || at > len(data)-start {
			return nil, broken("an object stream with an odd index")
		}
		if _, twice := s.at[num]; !twice {
			s.at[num] = start + at
		}
	}
	return s, nil
}
