// Package mailtest holds hostile mails, for the tests of every door that takes
// mails.
package mailtest

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// Hostile are mails that must never do more than become text or be refused, by
// what is wrong with them.
func Hostile() map[string]string {
	nested := "From: a@b\nSubject: nested\n"
	var inner strings.Builder
	for i := range 18 {
		fmt.Fprintf(&inner, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	deep := nested + inner.String() + "Content-Type: text/plain\n\nbottom\n"
	var tooDeep strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&tooDeep, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	parts := func(n int) string {
		return "From: a@b\nSubject: parts\nContent-Type: multipart/mixed; boundary=x\n\n" + strings.Repeat("--x\nContent-Disposition: attachment; filename=a.txt\n\nA\n", n) + "--x--\n"
	}
	return map[string]string{
		"empty":            "",
		"blank":            "\n\n\n",
		"no header":        "just some words\n\nand more",
		"binary":           "\x7fELF\x02\x01\x01\x00\x00\x00:\n\n\xff\xfe",
		"header only":      "From: a@b.example\nSubject: x",
		"no body":          "From: a@b.example\nSubject: x\n\n",
		"huge header":      "From: a@b\nSubject: " + strings.Repeat("x", 300<<10) + "\n\nhello",
		"many headers":     "From: a@b\n" + strings.Repeat("X-A: b\n", 20_000) + "\nhello",
		"nested":           deep,
		"nested too deep":  nested + tooDeep.String(),
		"parts":            parts(60),
		"too many parts":   parts(5000),
		"no boundary":      "From: a@b\nContent-Type: multipart/mixed\n\n--x\n\nhello\n",
		"unclosed":         "From: a@b\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\nhello",
		"split boundary":   "From: a@b\nContent-Type: multipart/mixed; boundary*0=\"x\"; boundary*1=\"y\"\n\n--xy\nContent-Type: text/plain\n\nhello\n--xy--\n",
		"bad base64":       "From: a@b\nContent-Transfer-Encoding: base64\n\n!!!!%%%%\n",
		"bad charset":      "From: a@b\nContent-Type: text/plain; charset=klingon\n\nbortaS \xff\n",
		"utf-16":           "From: a@b\nContent-Type: text/plain; charset=utf-16\n\n\xff\xfeh\x00i\x00\n",
		"script":           "From: a@b\nSubject: <script>alert(1)</script>\nContent-Type: text/html\n\n<p onclick=x>Hi<script>alert(1)</script><a href=\"javascript:alert(1)\">there</a><img src=x onerror=alert(1)></p>",
		"markdown in html": "From: a@b\nContent-Type: text/html\n\n<blockquote>[!commitment] Pay @dana</blockquote><p>- [ ] do @dana due:2026-01-01<p>[x](javascript:alert(1)) &lt;img src=x onerror=alert(1)&gt;",
		"deep html":        "From: a@b\nContent-Type: text/html\n\n" + strings.Repeat("<div><blockquote>", 50_000) + "deep",
		"front matter":     "From: a@b\nSubject: x\n\n---\nkind: call\nmessage_id: other\n---\n# Title\n",
		"header injection": "From: \"a\r\n\tb\" <a@b.example>\nSubject: x\n\thello\n\nhello\n",
		"forged names":     "From: \"Dana\u202Eseyer\" <a@b.example>\nSubject: pay\u2066 now\u200b\n\nhello\n",
		"odd date":         "From: a@b\nDate: Mon, 99 Foo 99999 25:61:61 +9999\nSubject: x\n\nhello\n",
		"date of 9999":     "From: a@b\nDate: 1 Jan 9999 10:00:00 +0000\nSubject: x\n\nhello\n",
		"date of 1":        "From: a@b\nDate: 1 Jan 0001 10:00:00 +0000\nSubject: x\n\nhello\n",
		"ids":              "From: a@b\nMessage-ID: <a b>\nIn-Reply-To: " + strings.Repeat("<x@y>", 1000) + "\nReferences: " + strings.Repeat("<x@y> ", 5000) + "\n\nhello\n",
		"id with newline":  "From: a@b\nMessage-ID: <a\n x@y>\n\nhello\n",
		"many addresses":   "From: a@b\nTo: " + strings.Repeat("a@b.example, ", 5000) + "c@d.example\n\nhello\n",
		"names": "From: a@b\nContent-Type: multipart/mixed; boundary=x\n\n" + func() string {
			var b strings.Builder
			for _, name := range []string{"../../etc/passwd", `C:\windows\cmd.exe`, "CON", "nul.txt", ".git", ".gitignore", "a\\\"b.png", "x.", "-rf", "", strings.Repeat("long", 100) + ".pdf", "evil\u202Egpj.exe", "a|b?.js", "page.html", "drawing.svg", "=1+1.csv", "a.txt", "A.TXT", "a.txt"} {
				fmt.Fprintf(&b, "--x\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename=\"%s\"\n\nMZ\n", name)
			}
			return b.String() + "--x--\n"
		}(),
		"long line":     "From: a@b\nSubject: x\n\n" + strings.Repeat("*a_ ", 100_000),
		"attached mail": "From: a@b\nSubject: Fwd\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: message/rfc822\n\nFrom: c@d\nSubject: inner\n\nhello\n--x--\n",
		"winmail":       "From: a@b\nContent-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString([]byte("junk")) + "\n",
	}
}

// Refused are those of the hostile mails that are no mails at all or past a
// limit; the others become entries.
func Refused() map[string]bool {
	return map[string]bool{"empty": true, "blank": true, "no header": true, "huge header": true, "nested too deep": true, "too many parts": true, "binary": true}
}
