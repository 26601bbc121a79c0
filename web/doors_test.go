package web

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var writeDoors = flag.Bool("doors", false, "write testdata/doors.golden anew")

func (n need) String() string {
	return map[need]string{needNothing: "nothing", needStaff: "staff", needAdmin: "administrator", needSelf: "oneself or an administrator", needRead: "reads", needWrite: "writes", needOwner: "owner",
		needManage: "owner or administrator", needShared: "reads the shared side", needSharedComment: "comments on the shared side", needSharedWrite: "writes the shared side"}[n]
}

// TestDoorsAreKnown fails when a door is added, taken away or opened for others
// until that is written down on purpose: go test ./web -run TestDoorsAreKnown
// -doors. Read the difference line by line before committing it.
func TestDoorsAreKnown(t *testing.T) {
	w := newWall(t)
	var lines []string
	for _, d := range w.web.Doors() {
		lines = append(lines, fmt.Sprintf("%s | %s | %s", d.Pattern, d.Audience, needOf(d)))
	}
	slices.Sort(lines)
	got := strings.Join(lines, "\n") + "\n"
	path := filepath.Join("testdata", "doors.golden")
	if *writeDoors {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "a door is new, gone, or for others than before: say who it is for (see the comment of this test)")
}
