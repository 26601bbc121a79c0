package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"

	"github.com/creachadair/command"
)

func serveCommand(std stdio) *command.C {
	var data, addr, public, proxies string
	return &command.C{
		Name:  "serve",
		Usage: "serve -data DIR [-addr HOST:PORT] [-url PUBLIC] [-trusted-proxy CIDR[,CIDR]]",
		Help: `Run the server on a data folder, which is made when it is missing.

On the first run a link is printed with which the first administrator makes an
account. Settings that are not flags are in DIR/config.yaml.`,
		SetFlags: flags(func(fs *flag.FlagSet) {
			dataFlag(fs, &data)
			fs.StringVar(&addr, "addr", "localhost:8420", "the address to listen on")
			fs.StringVar(&public, "url", "", "the address under which browsers reach this server")
			fs.StringVar(&proxies, "trusted-proxy", "", "networks whose X-Forwarded-For is believed, separated by commas")
		}),
		Run: command.Adapt(func(env *command.Env) error {
			if err := needData(data); err != nil {
				return err
			}
			o := options{data: data, addr: addr, log: logger(std.err)}
			var err error
			if o.url, err = parseURL(public); err != nil {
				return err
			}
			if o.proxies, err = parsePrefixes(proxies); err != nil {
				return err
			}
			return serve(env.Context(), o, std.out, nil)
		}),
	}
}

// serve runs a server until ctx is done and tells out where it is. prepare, if
// any, runs before it is announced.
func serve(ctx context.Context, o options, out io.Writer, prepare func(context.Context, *server) error) error {
	s, err := start(ctx, o)
	if err != nil {
		return err
	}
	if prepare != nil {
		if err := prepare(ctx, s); err != nil {
			s.close(context.WithoutCancel(ctx))
			return err
		}
	}
	token, needed, err := s.people.SetupLink(ctx)
	if err != nil {
		s.close(context.WithoutCancel(ctx))
		return fmt.Errorf("making the first sign-in link: %w", err)
	}
	if needed {
		fmt.Fprintf(out, "Make the first administrator's account here (the link works once):\n  %s/setup/%s\n", s.url, token)
	}
	fmt.Fprintf(out, "dealwiki is ready at %s\n", s.url)
	return s.wait(ctx)
}

func logger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

func parseURL(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" {
		return "", usagef("-url %q is not an address such as https://wiki.example.com", s)
	}
	return u.Scheme + "://" + u.Host, nil
}

func parsePrefixes(s string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' }) {
		p, err := netip.ParsePrefix(part)
		if err != nil {
			ip, err := netip.ParseAddr(part)
			if err != nil {
				return nil, usagef("-trusted-proxy %q is not a network such as 10.0.0.0/8", part)
			}
			p = netip.PrefixFrom(ip, ip.BitLen())
		}
		out = append(out, p)
	}
	return out, nil
}
