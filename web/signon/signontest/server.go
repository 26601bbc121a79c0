// Package signontest is a small provider of OpenID Connect for tests: it speaks
// the protocol over HTTP and signs its tokens, and it lies when it is told to.
package signontest

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// What a client of the provider is.
const (
	ClientID     = "dealwiki"
	ClientSecret = "wiki's own secret"
)

// Server is a provider. Its fields are set between sign-ins.
type Server struct {
	*httptest.Server
	// Claims are of the person who signs in next, over the usual ones; nil takes
	// a usual one away.
	Claims map[string]any
	// UserInfo is what is told besides.
	UserInfo map[string]any
	// Sign makes the token; nil is RS256 with the published key.
	Sign func(s *Server, claims map[string]any) string
	// Broken answers the token endpoint; nil is as it should be.
	Broken http.HandlerFunc
	// NoLeave leaves out the ending of sessions.
	NoLeave bool
	// Hints are of the sessions that were ended.
	Hints []string

	key   *rsa.PrivateKey
	mu    sync.Mutex
	codes map[string]request
}

type request struct{ nonce, challenge, redirect string }

// New starts a provider that ends with the test.
func New(t testing.TB) *Server {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{key: key, codes: map[string]request{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", s.discovery)
	mux.HandleFunc("GET /keys", s.keys)
	mux.HandleFunc("GET /authorize", s.authorize)
	mux.HandleFunc("POST /token", s.token)
	mux.HandleFunc("GET /userinfo", s.person)
	mux.HandleFunc("GET /leave", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.Hints = append(s.Hints, r.FormValue("id_token_hint"))
		s.mu.Unlock()
		http.Redirect(w, r, r.FormValue("post_logout_redirect_uri"), http.StatusFound)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Server.Close)
	return s
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (s *Server) discovery(w http.ResponseWriter, _ *http.Request) {
	d := map[string]any{"issuer": s.URL, "authorization_endpoint": s.URL + "/authorize", "token_endpoint": s.URL + "/token", "jwks_uri": s.URL + "/keys", "userinfo_endpoint": s.URL + "/userinfo",
		"id_token_signing_alg_values_supported": []string{"RS256", "none", "HS256"}, "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}}
	if !s.NoLeave {
		d["end_session_endpoint"] = s.URL + "/leave"
	}
	answer(w, d)
}

func (s *Server) keys(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{"keys": []any{map[string]any{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "one",
		"n": b64(s.key.N.Bytes()), "e": b64(big.NewInt(int64(s.key.E)).Bytes())}}})
}

// authorize is where people sign in: whoever comes is taken for the one of Claims.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != ClientID || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("nonce") == "" || q.Get("state") == "" {
		http.Error(w, "not a request of this client", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	s.mu.Lock()
	s.codes[code] = request{q.Get("nonce"), q.Get("code_challenge"), q.Get("redirect_uri")}
	s.mu.Unlock()
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	if s.Broken != nil {
		s.Broken(w, r)
		return
	}
	refuse := func(code string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": "canary-in-a-description"})
	}
	id, secret, _ := r.BasicAuth()
	if unescaped, err := url.QueryUnescape(secret); err == nil {
		secret = unescaped
	}
	if id != ClientID || secret != ClientSecret {
		refuse("invalid_client")
		return
	}
	s.mu.Lock()
	req, ok := s.codes[r.PostFormValue("code")]
	delete(s.codes, r.PostFormValue("code"))
	s.mu.Unlock()
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || r.PostFormValue("redirect_uri") != req.redirect || b64(sum[:]) != req.challenge {
		refuse("invalid_grant")
		return
	}
	now := time.Now()
	claims := map[string]any{"iss": s.URL, "aud": ClientID, "sub": "1", "nonce": req.nonce, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	for name, v := range s.Claims {
		if claims[name] = v; v == nil {
			delete(claims, name)
		}
	}
	sign := s.Sign
	if sign == nil {
		sign = RS256
	}
	answer(w, map[string]any{"access_token": "access", "token_type": "Bearer", "expires_in": 3600, "id_token": sign(s, claims)})
}

func (s *Server) person(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer access" {
		http.Error(w, "no", http.StatusUnauthorized)
		return
	}
	told := map[string]any{"sub": s.Claims["sub"]}
	if told["sub"] == nil {
		told["sub"] = "1"
	}
	for name, v := range s.UserInfo {
		told[name] = v
	}
	answer(w, told)
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func parts(header, claims map[string]any) string {
	h, _ := json.Marshal(header)
	c, _ := json.Marshal(claims)
	return b64(h) + "." + b64(c)
}

// RS256 signs as the provider does.
func RS256(s *Server, claims map[string]any) string {
	return signWith(s.key, "one", claims)
}

// Stranger signs with a key that nobody has published, under the name of one that
// is.
func Stranger(s *Server, claims map[string]any) string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return signWith(key, "one", claims)
}

func signWith(key *rsa.PrivateKey, kid string, claims map[string]any) string {
	text := parts(map[string]any{"alg": "RS256", "kid": kid, "typ": "JWT"}, claims)
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return text + "." + b64(sig)
}

// Unsigned is alg:none.
func Unsigned(_ *Server, claims map[string]any) string {
	return parts(map[string]any{"alg": "none", "typ": "JWT"}, claims) + "."
}

// PublicHMAC signs by HS256 with the public key, which everybody knows.
func PublicHMAC(s *Server, claims map[string]any) string {
	return hmacWith(x509.MarshalPKCS1PublicKey(&s.key.PublicKey), claims)
}

// SecretHMAC signs by HS256 with the client's secret.
func SecretHMAC(_ *Server, claims map[string]any) string {
	return hmacWith([]byte(ClientSecret), claims)
}

func hmacWith(key []byte, claims map[string]any) string {
	text := parts(map[string]any{"alg": "HS256", "kid": "one", "typ": "JWT"}, claims)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return text + "." + b64(mac.Sum(nil))
}
