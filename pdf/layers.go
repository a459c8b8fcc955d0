package pdf

import (
	"bytes"
	"slices"
)

// What makes a page look otherwise on paper, on another screen or later is taken out by Disarm, so that what people were
// shown is what they have: layers that switch, pictures and annotations for paper alone, streams from elsewhere.

// elsewhere tells whether a value makes a stream one that is in another file (ISO 32000-1, table 5). A name is the filter of
// a program that abbreviates where it may not.
func (x *disarm) elsewhere(v any) (bool, error) {
	v, err := x.d.Resolve(v)
	if err != nil {
		return false, err
	}
	_, text := v.(String)
	return text || asDict(v) != nil, nil
}

// Flags of annotations (ISO 32000-1, table 165).
const (
	flagHidden       = 1 << 1
	flagNoView       = 1 << 5
	flagToggleNoView = 1 << 8
)

// seldomSeen gives the flags that an annotation gets which is not for the screen, or not always: it is hidden
// everywhere, or always seen. -1 is for all other entries.
func seldomSeen(d *Dict, e *entry) int {
	f, ok := e.value.(int)
	if e.key != "F" || !ok || f < 0 || f&(flagNoView|flagToggleNoView) == 0 || !d.Has("Rect") || !d.Has("Subtype") {
		return -1
	}
	if f&flagNoView != 0 {
		f |= flagHidden
	}
	return f &^ (flagNoView | flagToggleNoView)
}

// layerKeys are what the configuration of layers keeps: which are on when the document is opened, and their list.
var layerKeys = []Name{"Name", "BaseState", "ON", "OFF", "Order", "ListMode", "Locked"}

// layers freezes optional content (ISO 32000-1, 8.11.4): the configuration with which the document is opened remains, for
// screen and paper alike, and every layer is locked. What switches them goes: events (AS), other configurations, sets in which only
// one may be on, and with the groups themselves their Usage, which some readers obey without AS, and Intent. A configuration
// that cannot be read goes whole, and all layers are then seen.
func (x *disarm) layers(e *entry) error {
	all, err := x.d.dict(e.value)
	if err != nil {
		return err
	}
	list, err := x.d.array(all.Get("OCGs"))
	if err != nil {
		return err
	}
	first, err := x.d.dict(all.Get("D"))
	if err != nil {
		return err
	}
	if all == nil || first == nil || !slices.ContainsFunc(list, isRef) {
		if e.value != nil {
			x.cut(e.keyAt, e.to, "", false)
		}
		return nil
	}
	var groups bytes.Buffer
	for _, v := range list {
		if ref, ok := v.(Ref); ok {
			groups.WriteString(ref.String() + " ")
		}
	}
	if x.frozen(all, first, groups.Bytes()) {
		return nil
	}
	var b bytes.Buffer
	b.WriteString("/OCProperties << /OCGs [ " + groups.String() + "] /D <<")
	for _, k := range layerKeys {
		if k != "Locked" && first.Has(k) && (k != "BaseState" || first.Get(k) == Name("OFF")) {
			b.WriteString(" /" + string(k) + " ")
			b.Write(first.Raw(k))
		}
	}
	b.WriteString(" /Locked [ " + groups.String() + "] >> >>")
	x.cut(e.keyAt, e.to, b.String(), false)
	return nil
}

func isRef(v any) bool {
	_, ok := v.(Ref)
	return ok
}

// frozen tells whether layers are as they have to be.
func (x *disarm) frozen(all, first *Dict, groups []byte) bool {
	locked, err := x.d.array(first.Get("Locked"))
	if err != nil {
		return false
	}
	var b bytes.Buffer
	for _, v := range locked {
		if ref, ok := v.(Ref); ok {
			b.WriteString(ref.String() + " ")
		}
	}
	state := first.Get("BaseState")
	return bytes.Equal(b.Bytes(), groups) && (state == nil || state == Name("OFF")) &&
		!slices.ContainsFunc(all.entries, func(e entry) bool { return e.key != "OCGs" && e.key != "D" }) &&
		!slices.ContainsFunc(first.entries, func(e entry) bool { return !slices.Contains(layerKeys, e.key) })
}
