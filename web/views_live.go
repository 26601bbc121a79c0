package web

// LiveView is the live editor of a page (template live). Config stands in the
// page as <script type="application/json" id="live-config">, from where the
// editor's script takes it; without scripts a <noscript> leads to Form.
type LiveView struct {
	Shell
	Page    PageHead
	Place   string // SECTION/STAGE/PAGE
	Readers string // who reads an external page: "Northwind Rail"; "" on an internal one
	Write   bool   // false: the reader sees the text as it is written, and changes nothing
	Form    string // address of the editor that works without scripts; "" for readers
	Upload  string // address to post files to without scripts; "" for readers
	MaxFile string // "25 MB"
	Config  LiveConfig
}

// LiveConfig is what the live editor's script has to know. Addresses are paths
// of this server.
type LiveConfig struct {
	Socket   string     `json:"socket"` // /live/…; takes ?epoch=
	Epoch    string     `json:"epoch"`  // of the page's document
	Place    string     `json:"place"`  // SECTION/STAGE/PAGE
	Prospect string     `json:"prospect"`
	Section  string     `json:"section"`
	Stage    string     `json:"stage"`
	Title    string     `json:"title"`
	Readers  string     `json:"readers"` // who reads an external page, "" on an internal one
	Write    bool       `json:"write"`
	Me       LivePerson `json:"me"`
	Version  string     `json:"version"`  // commit of the newest version
	Number   int        `json:"number"`   // of the newest version
	Files    string     `json:"files"`    // PUT NAME below it
	MaxFile  int64      `json:"maxFile"`  // bytes
	Complete string     `json:"complete"` // takes prospect, section, kind=page|person|template, q, stage
	Comments string     `json:"comments"` // the API's call about the page's comments
	Present  string     `json:"present"`  // who is in this space, and where
	Page     string     `json:"page"`     // the reading page; /history and the others below it
	Form     string     `json:"form"`     // the editor that works without scripts
	Leave    string     `json:"leave"`    // where Esc leads
	Home     string     `json:"home"`     // the shared space, where pages and files have no stages; "" for staff's own screens
	Nonce    string     `json:"nonce"`    // styles made by the script carry it
}

// LivePerson is somebody in the live editor.
type LivePerson struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Handle   string `json:"handle,omitempty"`
	Initials string `json:"initials"`
	Color    string `json:"color"`  // "#2767ab", as awareness has it
	Number   int    `json:"number"` // the colour's number in the design tokens, 1 to 8
	Guest    bool   `json:"guest"`
}
