// Renders a chart as `helm template` does, for tests on machines without helm: Go's templates, the functions of sprig, and those few of
// helm itself that charts usually call. No dependencies of charts, no hooks, no lookup. Values are merged, not validated.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run main.go <chart folder> <release> <namespace> [values.yaml …]
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"sigs.k8s.io/yaml"
)

type object = map[string]interface{}

func main() {
	if len(os.Args) < 4 {
		fail(errors.New("usage: render <chart folder> <release> <namespace> [values.yaml …]"))
	}
	folder, release, namespace := os.Args[1], os.Args[2], os.Args[3]
	chart := read(filepath.Join(folder, "Chart.yaml"))
	values := read(filepath.Join(folder, "values.yaml"))
	for _, file := range os.Args[4:] {
		values = merge(values, read(file))
	}

	templates := template.New("chart").Option("missingkey=zero")
	templates.Funcs(functions(templates))
	files, err := filepath.Glob(filepath.Join(folder, "templates", "*"))
	check(err)
	sort.Strings(files)
	base := chart["name"].(string) + "/templates"
	for _, file := range files {
		text, err := os.ReadFile(file)
		check(err)
		_, err = templates.New(base + "/" + filepath.Base(file)).Parse(string(text))
		check(err)
	}
	context := object{
		"Values":       values,
		"Chart":        object{"Name": chart["name"], "Version": chart["version"], "AppVersion": chart["appVersion"]},
		"Release":      object{"Name": release, "Namespace": namespace, "Service": "Helm", "IsInstall": true, "IsUpgrade": false, "Revision": 1},
		"Template":     object{"BasePath": base},
		"Capabilities": object{"KubeVersion": object{"Version": "v1.28.0", "Major": "1", "Minor": "28"}},
	}
	for _, file := range files {
		name := filepath.Base(file)
		if strings.HasPrefix(name, "_") || filepath.Ext(name) != ".yaml" {
			continue
		}
		var out bytes.Buffer
		check(templates.ExecuteTemplate(&out, base+"/"+name, context))
		fmt.Printf("---\n# Source: %s/%s\n%s\n", base, name, out.String())
	}
}

func functions(templates *template.Template) template.FuncMap {
	all := sprig.TxtFuncMap()
	delete(all, "env")
	delete(all, "expandenv")
	all["include"] = func(name string, data interface{}) (string, error) {
		var out bytes.Buffer
		err := templates.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	all["toYaml"] = func(value interface{}) (string, error) {
		text, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(text), "\n"), err
	}
	all["toJson"] = func(value interface{}) (string, error) {
		text, err := json.Marshal(value)
		return string(text), err
	}
	all["required"] = func(message string, value interface{}) (interface{}, error) {
		if value == nil || value == "" {
			return nil, errors.New(message)
		}
		return value, nil
	}
	return all
}

func read(file string) object {
	text, err := os.ReadFile(file)
	check(err)
	values := object{}
	check(yaml.Unmarshal(text, &values))
	return values
}

func merge(base, over object) object {
	for key, value := range over {
		inner, isObject := value.(object)
		known, wasObject := base[key].(object)
		if isObject && wasObject {
			base[key] = merge(known, inner)
		} else {
			base[key] = value
		}
	}
	return base
}

func check(err error) {
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
