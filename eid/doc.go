// Package eid finds out who somebody is: so far by a code sent to an address that the sender gave ([OTP]).
//
// It is in charge of computing and checking what an identity provider says. It is not in charge of sending a code
// (notify), of counting tries (the store), or of what follows from an answer (the root package).
//
// Start reading at [OTP.Code].
package eid
