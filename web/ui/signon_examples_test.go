package ui_test

import "dealwiki/web"

func outsideOf(title string) web.Shell { return web.Shell{Title: title, Company: "Fairlead"} }

// signOnExamples are the screens of coming in.
func signOnExamples() []example {
	return []example{
		{"sign-in-provider", "sign-in", web.SignInView{Shell: outsideOf("Sign in"), Next: "/", Passkeys: true, Help: "Call Hana on extension 12.", Provider: &web.ProviderView{Name: "Fairlead SSO", Href: "/sign-in/sso"}}},
		{"sign-in-down", "sign-in", web.SignInView{Shell: outsideOf("Sign in"), Next: "/", AdminsOnly: true, Provider: &web.ProviderView{Name: "Fairlead SSO", Href: "/sign-in/sso", Down: true}}},
		{"signed-out", "signed-out", web.SignOutView{Shell: outsideOf("Signed out"), Provider: "Fairlead SSO", Href: "/signed-out/provider"}},
		{"sign-in-code", "sign-in-code", web.CodeView{Shell: outsideOf("Sign in"), Name: "Dana Reyes", Next: "/", Error: "This code is not right.", Passkeys: true}},
		{"two-step", "two-step", web.TwoStepView{Shell: outsideOf("Two-step sign-in"), Action: "/x", Next: "/", Required: true, Error: "This code is not right.", Cancel: "/settings", Key: "ABCD EFGH", Square: &web.Square{Size: 9, Path: "M4 4h1v1h-1z"}}},
		{"two-step-codes", "two-step", web.TwoStepView{Shell: outsideOf("Two-step sign-in"), Codes: []string{"abcd-efgh-ijkl-mnop", "bbcd-efgh-ijkl-mnop"}, Done: "/"}},
		{"forgotten", "forgotten", web.ForgottenView{Shell: outsideOf("New password"), Mails: true, Error: "Wait 1 minute, then try again."}}, {"forgotten-sent", "forgotten", web.ForgottenView{Shell: outsideOf("New password"), Mails: true, Sent: true}}, {"forgotten-no-mail", "forgotten", web.ForgottenView{Shell: outsideOf("New password"), Help: "Call Hana on extension 12."}},
		{"settings-passkeys", "settings", web.SettingsView{Shell: shell("Settings"), Name: "Dana Reyes", Passkeys: web.PasskeysState{Name: "Firefox on Linux", Error: "This passkey is here already.", Rows: []web.PasskeyRow{{ID: "1", Name: "Phone", Synced: true, Created: noon, Used: noon}, {ID: "2", Name: "Security key", Created: noon}}}}},
		{"settings-no-passkeys", "settings", web.SettingsView{Shell: shell("Settings"), Name: "Dana Reyes", Passkeys: web.PasskeysState{Why: "Passkeys work over https only."}}}, {"settings-stale", "settings", web.SettingsView{Shell: shell("Settings"), Name: "Dana Reyes", Passkeys: web.PasskeysState{Stale: "You signed in a while ago."}}},
		{"settings-two-step", "settings", web.SettingsView{Shell: shell("Settings"), Name: "Dana Reyes", TwoStep: web.TwoStepState{On: true, Since: noon, Codes: 1, Form: web.Form{Errors: map[string]string{"code": "This code is not right."}}}}},
	}
}
