//go:build race

package render

const (
	raceEnabled  = true
	raceSlowdown = 5
)
