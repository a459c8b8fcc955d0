package inbound

import (
	"bytes"
	"slices"
	"strings"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// events are those of our own JSON.
var events = []innsigli.ReceiptEvent{
	innsigli.ReceiptDelivered, innsigli.ReceiptDelayed, innsigli.ReceiptBounced, innsigli.ReceiptComplained,
}

// parseTold reads a [Told]. What is wrong is an Invalid error that names the member.
func parseTold(b []byte, by innsigli.Channel) ([]innsigli.Receipt, error) {
	var t Told
	if err := web.ReadJSON(bytes.NewReader(b), &t); err != nil {
		return nil, err
	}
	r := innsigli.Receipt{Message: idIn(t.MessageID), By: by, Event: innsigli.ReceiptEvent(strings.ToLower(t.Event)), Code: t.Code}
	switch {
	case t.MessageID == "":
		return nil, innsigli.InvalidField("messageId", "NotEmpty", "messageId is required.")
	case !slices.Contains(events, r.Event), by == innsigli.BySms && r.Event == innsigli.ReceiptComplained:
		return nil, innsigli.InvalidField("event", "Enum", "event must be delivered, delayed or bounced; of a mail also complained.")
	}
	return []innsigli.Receipt{r}, nil
}
