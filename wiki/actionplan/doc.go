// Package actionplan reads mutual action plans: external pages on which both
// sides of a deal write down what must be done until a date that they both want
// to reach.
//
// A plan is plain markdown. Every task of its lists is a step; the heading above
// it is its part of the plan; @handles at its end are who does it, on either
// side, as are names in round brackets for people without an account; due: is
// when. Nothing of a plan is kept elsewhere: it is read from the page each time.
//
// Everything here is pure: it knows no files, no clock and no people. All
// functions are safe for concurrent use.
package actionplan
