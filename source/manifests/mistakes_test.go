package manifests

import (
	"os"
	"strings"
	"testing"
)

// inMariadb returns the manifests of mariadb with one part replaced.
func inMariadb(part, by string) string { return strings.Replace(mariadb, part, by, 1) }

var mistakes = []struct {
	name  string
	files map[string]string
	want  string
}{
	// Paths.
	{"APathThatDoesNotExist", nil, `path "m" does not exist`},
	// The syntax of YAML. Each of these fails in another part of the yaml package.
	{"ATabBeforeAKey", file("a: 1\n\tb: 2\n"), `m/a.yaml:1: found a tab character that violates indentation`},
	{"ATabInsteadOfSpaces", file("a: 1\nb:\n\tc: 2\n"), `m/a.yaml:3: found character that cannot start any token`},
	{"AKeyWithoutColon", file("a: 1\nfoo\nb: 2\n"), `m/a.yaml:2: could not find expected ':'`},
	{"AKeyWithoutColonAtTheEnd", file("a: 1\nfoo\n"), `m/a.yaml:2: could not find expected ':'`},
	{"AMistakeInTheFirstLine", file("a: b: c\n"), `m/a.yaml:1: mapping values are not allowed in this context`},
	{"AKeyIndentedTooFar", file("a: 1\nb: 2\n  c: 3\n"), `m/a.yaml:3: mapping values are not allowed in this context`},
	{"AKeyIndentedTooLittle", file("a:\n  b:\n    c: 1\n   d: 2\ne: 3\n"), `m/a.yaml:2: did not find expected key`},
	{"AnElementIndentedTooLittle", file("a:\n  - 1\n  - 2\n - 3\nb: 4\n"), `m/a.yaml:1: did not find expected key`},
	{"AKeyAmongElements", file("a:\n  - 1\n  - 2\n  b: 3\n"), `m/a.yaml:2: did not find expected '-' indicator`},
	{"ABracketThatIsNotClosed", file("a: 1\nb: [1, 2\nc: 3\n"), `m/a.yaml:2: did not find expected ',' or ']'`},
	{"ABraceThatIsNotClosed", file("a: 1\nb: {c: 1\n"), `m/a.yaml:2: did not find expected ',' or '}'`},
	{"AQuoteThatIsNotClosed", file("a: 1\nb: \"x\nc: 3\n\n"), `m/a.yaml:2: found unexpected end of stream`},
	{"AQuoteThatIsNotClosedInTheFirstLine", file("a: \"x\nb: 2\n"), `m/a.yaml:1: found unexpected end of stream`},
	{"AnUnknownEscape", file("a: 1\nb: \"\\q\"\n"), `m/a.yaml:2: found unknown escape character`},
	{"AnUnknownAnchor", file("a: 1\n# a remark\nb: *x\n\n# another\nc: 2\n"), `m/a.yaml: unknown anchor 'x' referenced`},
	{"AControlCharacter", file("a: 1\nb: 2\nc: \x01\nd: 4\n"), `m/a.yaml: control characters are not allowed`},
	{"AnOctetThatIsNoUTF8", file("a: 1\nb: \xff\nd: 4\n"), `m/a.yaml: invalid leading UTF-8 octet`},
	{"LinesThatEndInCarriageReturns", file("- \r0"), `m/a.yaml:2: could not find expected ':'`},
	{"AMistakeInALaterDocument", file(mariadb + "---\na: 1\n b: 2\n"), `m/a.yaml:24: mapping values are not allowed in this context`},
	{"ATemplate", file("a: 1\nb: {{ .Values.b }}\n"), `m/a.yaml:1: invalid map key: map[string]interface {}{".Values.b":interface {}(nil)}`},
	// Types.
	{"APortThatIsNoNumber", file(inMariadb("3306", `"abc"`)), `m/a.yaml:17: field "ports.port": found string, want int32`},
	{"AnotherPortThatIsTooLarge", file(inMariadb("3306", "3306\n- name: x\n  port: 33060000000")), `m/a.yaml:19: field "ports.port": found number 33060000000, want int32`},
	{"APortThatIsTooLarge", file(inMariadb("3306", "33060000000")), `m/a.yaml:17: field "ports.port": found number 33060000000, want int32`},
	{"AddressesThatAreNoList", file(inMariadb("[172.16.44.32]", "172.16.44.32")), `m/a.yaml:19: field "endpoints.addresses": found string, want array`},
	{"ALabelThatIsABool", file(inMariadb("service-name: mariadb", "service-name: true")), `m/a.yaml:13: field "metadata.labels": found bool, want string`},
	{"ATypeThatDecodesItself", file(inMariadb("None", "None\n  ports:\n  - port: 1\n  - port: 2\n    targetPort: {}")), `m/a.yaml:10: field "spec.ports.targetPort": found object, want int32`},
	{"ATimeThatIsNone", file(inMariadb("metadata:", "metadata:\n  creationTimestamp: yesterday")), `m/a.yaml:1: parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"`},
	{"ANumberThatIsNone", file(inMariadb("3306", "!!int abc")), "m/a.yaml:8: cannot decode !!str `abc` as a !!int"},
	{"InfinitelyManyPorts", file(inMariadb("3306", ".inf")), `m/a.yaml:8: json: unsupported value: +Inf`},
	{"AnObjectThatIsAString", file(mariadb + "---\nfoo\n"), `m/a.yaml:23: found string, want object`},
	// Fields.
	{"AnUnknownField", file(inMariadb("addresses", "adresses")), `m/a.yaml:19: unknown field "endpoints[0].adresses"`},
	{"AFieldInTheWrongCase", file(inMariadb("clusterIP", "clusterIp")), `m/a.yaml:6: unknown field "spec.clusterIp"`},
	{"AFieldThatIsThereTwice", file(inMariadb("  port: 3306", "  port: 3306\n  port: 3307")), `m/a.yaml:18: mapping key "port" already defined at line 17`},
	{"AnUnknownFieldOfAMergedMapping", file(inMariadb("  hostname: maradb-0", "  <<: {hostname: maradb-0,\n    nodename: x}")), `m/a.yaml:21: unknown field "endpoints[0].nodename"`},
	{"AnUnknownFieldBehindAnAlias", file(inMariadb("  hostname: maradb-0", "  hostname: &x maradb-0\n  nodename: *x")), `m/a.yaml:21: unknown field "endpoints[0].nodename"`},
	// Objects.
	{"AnObjectWithoutKind", file(mariadb + "---\nname: x\n"), `m/a.yaml:23: object without "kind"`},
	{"AnOldEndpointSlice", file(inMariadb("discovery.k8s.io/v1", "discovery.k8s.io/v1beta1")), `m/a.yaml:8: apiVersion "discovery.k8s.io/v1beta1" of kind "EndpointSlice" is not read, "discovery.k8s.io/v1" is`},
	{"AServiceOfAnotherVersion", file(inMariadb("v1", "v2")), `m/a.yaml:1: apiVersion "v2" of kind "Service" is not read, "v1" is`},
	{"AServiceWithoutVersion", file("\n\nkind: Service\n"), `m/a.yaml:3: apiVersion "" of kind "Service" is not read, "v1" is`},
	{"AnEndpointSliceOfTheCoreGroup", file("kind: EndpointSlice\napiVersion: v1\n"), `m/a.yaml:2: apiVersion "v1" of kind "EndpointSlice" is not read, "discovery.k8s.io/v1" is`},
	{"AnObjectWithoutName", file(inMariadb("name: mariadb", "labels: {}")), `m/a.yaml:1: Service without "metadata.name"`},
	{"ANameThatIsNone", file(inMariadb("name: mariadb", "name: Maria_DB")), `m/a.yaml:4: "Maria_DB" is no name of a Service`},
	{"ANamespaceThatIsNone", file(inMariadb("name: mariadb", "name: mariadb\n  namespace: a.b")), `m/a.yaml:5: "a.b" is no name of a namespace`},
	{"ATwinInTheSameFile", file(mariadb + "---\n" + mariadbSlice), `m/a.yaml:23: EndpointSlice "default/mariadb-1" is already at m/a.yaml:8`},
	{"ATwinInAnotherFile", map[string]string{"m/a.yaml": mariadb, "m/b.yaml": "# b\n" + mariadbService}, `m/b.yaml:2: Service "default/mariadb" is already at m/a.yaml:1`},
	{"ATwinThatIsNotHeadless", file(mariadb + "---\n" + strings.Replace(mariadbService, "None", "10.0.0.1", 1)), `m/a.yaml:23: Service "default/mariadb" is already at m/a.yaml:1`},
	// Lists.
	{"AnItemOfAList", file("kind: List\napiVersion: v1\nitems:\n- kind: Service\n  apiVersion: v1\n  metadata:\n    name: x\n    spec: {}\n"), `m/a.yaml:8: unknown field "metadata.spec"`},
	{"AnItemWithoutKind", file("kind: List\napiVersion: v1\nitems:\n- metadata: {}\n"), `m/a.yaml:4: object without "kind"`},
	{"AnUnknownFieldOfAList", file("kind: List\napiVersion: v1\nitemz: []\n"), `m/a.yaml:3: unknown field "itemz"`},
	{"ItemsThatAreNoList", file("kind: List\napiVersion: v1\nitems: x\n"), `m/a.yaml:3: field "items": found string, want array`},
	{"AListInAList", file("kind: List\napiVersion: v1\nitems:\n- {kind: List, apiVersion: v1}\n"), `m/a.yaml:4: kind "List" inside a list`},
	{"TwinsInLists", file("kind: ServiceList\napiVersion: v1\nitems:\n- metadata: {name: x}\n\n- metadata:\n    name: x\n"), `m/a.yaml:6: Service "default/x" is already at m/a.yaml:4`},
	// JSON.
	{"JSONWithoutAComma", jsonFile("\n{\n\"a\": 1\n\"b\": 2}"), `m/a.json:4: invalid character '"' after object key:value pair`},
	{"JSONThatEndsTooEarly", jsonFile("\n{\n\"a\": 1\n\n"), `m/a.json:3: unexpected end of JSON input`},
	{"JSONWithAnUnknownField", jsonFile("\n{\"kind\": \"Service\", \"apiVersion\": \"v1\",\n\"metadata\": {\"name\": \"x\",\n\"spec\": {}}}"), `m/a.json:4: unknown field "metadata.spec"`},
	{"JSONWithTwoValues", jsonFile("{\"kind\": \"Node\"}\n{}"), `m/a.json:2: invalid character '{' after top-level value`},
	{"JSONWithAFieldThatIsThereTwice", jsonFile("{\"kind\": \"Service\",\n\"apiVersion\": \"v1\", \"metadata\": {\"name\": \"x\",\n\"labels\": {\"a.b/c\": \"1\",\n\"a.b/c\": \"2\"}}}"), `m/a.json:3: duplicate field "metadata.labels.a.b/c"`},
	{"JSONWithWhatIsNoYAML", jsonFile("\n{\"kind\": \"Service\", \"apiVersion\": \"v1\", \"metadata\": {\"name\": \"\\ud83d\\ude00\"}}"), `m/a.json: "😀" is no name of a Service`},
	{"JSONWithTwins", jsonFile("{\"kind\": \"ServiceList\", \"apiVersion\": \"v1\", \"items\": [\n{\"metadata\": {\"name\": \"x\"}},\n{\"metadata\": {\"name\": \"x\"}}]}"), `m/a.json:3: Service "default/x" is already at m/a.json:2`},
	{"JSONWithAWrongType", jsonFile("{\"kind\": \"Service\", \"apiVersion\": \"v1\",\n\"spec\":\n[\n]}"), `m/a.json:3: field "spec": found array, want object`},
}

func file(content string) map[string]string { return map[string]string{"m/a.yaml": content} }

func jsonFile(content string) map[string]string { return map[string]string{"m/a.json": content} }

func TestEveryMistakeIsNamedWithFileAndLine(t *testing.T) {
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			write(t, m.files)
			s, err := New([]string{"m"}, decoder, func(error) {})
			if err == nil {
				t.Fatalf("Want an error, got %+v", s.served)
			}
			if err.Error() != m.want {
				t.Errorf("Want\n%s, got\n%v", m.want, err)
			}
		})
	}
}

func TestWindowsLineEndsDoNotChangeTheLine(t *testing.T) {
	write(t, file(strings.ReplaceAll(inMariadb("addresses", "adresses"), "\n", "\r\n")))
	want := `m/a.yaml:19: unknown field "endpoints[0].adresses"`
	if _, err := read(list([]string{"m"}), decoder); err == nil || err.Error() != want {
		t.Errorf("Want %s, got %v", want, err)
	}
}

func TestALinkThatLeadsNowhereIsQuoted(t *testing.T) {
	write(t, file(mariadb))
	if err := os.Symlink("nowhere", "m/b.yaml"); err != nil {
		t.Fatal(err)
	}
	want := `path "m/b.yaml" does not exist`
	if _, err := read(list([]string{"m"}), decoder); err == nil || err.Error() != want {
		t.Errorf("Want %s, got %v", want, err)
	}
}

func TestADeviceIsNotRead(t *testing.T) {
	want := `path "/dev/zero" is neither a file nor a folder`
	if _, err := read(list([]string{"/dev/zero"}), decoder); err == nil || err.Error() != want {
		t.Errorf("Want %s, got %v", want, err)
	}
}

func TestAFileThatIsTooLargeIsRefused(t *testing.T) {
	write(t, file(mariadb))
	if err := os.Truncate("m/a.yaml", maxFile+1); err != nil {
		t.Fatal(err)
	}
	want := `path "m/a.yaml" is larger than 64 MiB`
	if _, err := read(list([]string{"m"}), decoder); err == nil || err.Error() != want {
		t.Errorf("Want %s, got %v", want, err)
	}
}
