package test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// promises are what clients see of each recipe of the README's cookbook, by its title.
var promises = map[string]func(t *testing.T, recipes []string){
	"Reads from the own zone":                readsFromTheOwnZone,
	"One member per client, always the same": oneMemberPerClient,
	"The primary, and the replicas":          primaryAndReplicas,
	"A large fleet over UDP":                 largeFleet,
	"A canary by weight":                     canary,
	"A node to be drained":                   drain,
	"Peers see all, clients see what serves": peersAndClients,
	"Bootstrap servers in different zones":   bootstrapServers,
	"On nobody, then on a tenth":             nobodyThenATenth,
}

func TestTheRecipesOfTheCookbookDoWhatTheySay(t *testing.T) {
	recipes := cookbook(t)
	for title := range recipes {
		if promises[title] == nil {
			t.Errorf("Nothing shows what clients see of %q", title)
		}
	}
	for title, show := range promises {
		t.Run(title, func(t *testing.T) {
			if len(recipes[title]) == 0 {
				t.Fatal("The cookbook has no such recipe")
			}
			show(t, recipes[title])
		})
	}
}

// cookbook returns the Corefiles in the README's cookbook, by the titles that they stand under.
func cookbook(t *testing.T) map[string][]string {
	t.Helper()
	_, after, _ := strings.Cut(read(t, "README.md"), "\n## Cookbook\n")
	text, _, _ := strings.Cut(after, "\n## ")
	recipes := map[string][]string{}
	for _, section := range strings.Split(text, "\n### ")[1:] {
		title, body, _ := strings.Cut(section, "\n")
		recipes[title] = nil
		for _, fence := range strings.Split(body, "\n~~~ corefile\n")[1:] {
			corefile, _, _ := strings.Cut(fence, "\n~~~\n")
			recipes[title] = append(recipes[title], corefile+"\n")
		}
	}
	return recipes
}

// networkOfPods is a network in a recipe. Clients of the tests have the same addresses otherwise, on loopback.
var networkOfPods = regexp.MustCompile(`\b10\.(\d+\.\d+\.\d+/)`)

// trial is a CoreDNS that runs with a recipe.
type trial struct {
	*server
	t *testing.T
}

// try starts a recipe with the manifests in testdata/cookbook.
func try(t *testing.T, recipe string) *trial {
	t.Helper()
	if headless := "    headless {\n"; strings.Count(recipe, headless) != 1 {
		t.Fatalf("The recipe has not one line %q:\n%s", headless, recipe)
	}
	files, err := filepath.Glob(filepath.Join("testdata", "cookbook", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("No manifests found: %v", err)
	}
	contents := make(map[string][]byte, len(files))
	for _, file := range files {
		if contents[filepath.Base(file)], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(t.TempDir())
	for name, content := range contents {
		step{file: name, content: repeatNumbered(content)}.change(t)
	}
	recipe = strings.Replace(recipe, "    headless {\n", "    headless {\n        manifests .\n", 1)
	return &trial{server: start(t, networkOfPods.ReplaceAllString(recipe, "127.$1")), t: t}
}

// change replaces a text in a manifest.
func (r *trial) change(file, from, to string) {
	r.t.Helper()
	content, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(content), from) {
		r.t.Fatalf("%s does not hold %q: %v", file, from, err)
	}
	step{file: file, content: []byte(strings.ReplaceAll(string(content), from, to))}.change(r.t)
}

// replaced is a recipe in which a text that it has is another one.
func replaced(t *testing.T, recipe, from, to string) string {
	t.Helper()
	if !strings.Contains(recipe, from) {
		t.Fatalf("The recipe does not hold %q:\n%s", from, recipe)
	}
	return strings.ReplaceAll(recipe, from, to)
}
