// Package innsigli is the trade of an e-signing server: processes, signees, states, and the verbs that change them.
//
// It is in charge of what is true and what follows from it. Each verb has one file (create.go, sign.go, cancel.go,
// expire.go …) with its request, its decision and its script. A decision is a function of facts, request and time that
// returns a [Change]: new states, log lines and jobs. It reaches no clock, database or network. The store keeps a
// change and all its consequences in one commit; what has to be told or done afterwards are jobs of that same commit.
//
// It is not in charge of transport (api, page, web), of SQL (store), of bytes on disk (blob), of drawing (paper,
// render) or of handing messages over (notify). Those packages import this one, never the other way round.
//
// Start reading at [Service.Cancel].
package innsigli
