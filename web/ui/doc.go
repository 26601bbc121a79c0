// Package ui holds what a browser is given: templates, styles, scripts, fonts
// and icons, all inside the binary.
//
// The sources are css/ and src/ (TypeScript). The program in build/ bundles
// them into dist/, which is committed, so that building dealwiki needs Go
// alone; its -check flag fails when dist/ is not what the sources make.
//
// Assets serves dist, fonts and icons under addresses that carry a hash of the
// content: such a response never changes and may be kept for ever. Templates
// executes a screen with its view from package web. Both are immutable once
// made and safe for concurrent use; neither starts a goroutine.
package ui
