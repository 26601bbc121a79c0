// Package extract reads the text of attachments: of office documents by page,
// slide and sheet, of PDFs by page, of tables and plain text as they are.
//
// Parts gives text to be searched; Table gives rows to be shown. Both work on
// bytes in memory, start no goroutine, keep nothing, and are safe to call at
// the same time. They are made for files that strangers send in: input size,
// number of zip entries and of objects, unpacked bytes, nesting, text and cells are
// all limited, so that a call ends soon and in bounded memory whatever it is
// given, and neither panics nor runs anything in the file. What is past a
// limit of the text is left out without an error: a part of a long document
// is better found than none of it.
//
// The readers are written here on archive/zip, compress/zlib and encoding/xml
// because the libraries at hand allocate what a file claims (a PDF's table
// sizes, a workbook's dimensions) before they look at what it holds.
package extract
