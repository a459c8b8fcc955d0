//go:build race

package pades_test

const raceDetector = true
