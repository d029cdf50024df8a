package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hogpen/handlers/api"
	"hogpen/web/respond"
)

// obj is a part of the OpenAPI document.
type obj = map[string]any

// documented adds the route that serves the OpenAPI 3.1 document of a table.
func documented(routes API) API {
	var document json.RawMessage
	routes.Open = append(routes.Open, Route{Method: fiber.MethodGet, Path: "/schema", Handler: func(c *fiber.Ctx) error {
		return respond.JSON(c, fiber.StatusOK, document)
	}})
	document = openAPI(routes)
	return routes
}

// openAPI writes the document: paths from the table, shapes from the types
// that handlers/api names for each route.
func openAPI(routes API) json.RawMessage {
	d := &describer{docs: api.Docs(), paths: obj{}, schemas: obj{}, tagged: map[string]bool{}}
	d.schema(reflect.TypeFor[api.Refusal]())
	for _, prefix := range []string{"/api/projects/:project_id", "/api/environments/:project_id"} {
		d.table(prefix, routes.Project, false)
	}
	d.table("/api", routes.User, false)
	d.table("/api", routes.Open, true)
	out, err := json.Marshal(obj{
		"openapi": "3.1.0",
		"info": obj{"title": "Hogpen", "version": "1",
			"description": "The REST API of hog functions, as PostHog has it. Slashes at the end are optional."},
		"tags":  d.tags,
		"paths": d.paths,
		"components": obj{"schemas": d.schemas, "securitySchemes": obj{
			"key":     obj{"type": "http", "scheme": "bearer", "description": "A personal API key."},
			"session": obj{"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "Changes need the header X-CSRFToken too."},
		}},
	})
	if err != nil {
		panic(fmt.Sprintf("web: the OpenAPI document: %v", err)) // only maps, texts and numbers are in it
	}
	return out
}

// describer collects paths and shapes.
type describer struct {
	docs           map[string]api.Doc
	paths, schemas obj
	tags           []obj
	tagged         map[string]bool
}

// tag groups routes by what they are about: the first word of their path.
func (d *describer) tag(prefix, path string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if name == "" {
		name = "projects"
	}
	if strings.HasPrefix(prefix, "/api/environments") {
		name += " (environments)" // the same routes under their other prefix
	}
	if !d.tagged[name] {
		d.tagged[name] = true
		d.tags = append(d.tags, obj{"name": name})
	}
	return name
}

func (d *describer) table(prefix string, routes []Route, open bool) {
	for _, r := range routes {
		doc, ok := d.docs[r.Method+" "+r.Path]
		if !ok {
			continue // a test finds it
		}
		path, params := pathOf(prefix + r.Path)
		for _, q := range doc.Query {
			params = append(params, d.param(q))
		}
		op := obj{"tags": []string{d.tag(prefix, r.Path)}, "summary": doc.Summary, "responses": d.answers(doc)}
		if len(params) > 0 {
			op["parameters"] = params
		}
		if doc.Body != nil {
			op["requestBody"] = obj{"content": content(d.shape(*doc.Body))}
		}
		if !open {
			op["security"] = security(r)
		}
		methods, _ := d.paths[path].(obj)
		if methods == nil {
			methods = obj{}
			d.paths[path] = methods
		}
		methods[strings.ToLower(r.Method)] = op
	}
}

// security says which credentials open a route; one without scopes is closed
// to keys.
func security(r Route) []obj {
	session := obj{"session": []string{}}
	if len(r.Scopes) == 0 && !r.Unscoped {
		return []obj{session}
	}
	scopes := r.Scopes
	if scopes == nil {
		scopes = []string{}
	}
	return []obj{{"key": scopes}, session}
}

// pathOf turns a path of the table into OpenAPI's form, with its parameters.
func pathOf(path string) (string, []obj) {
	var params []obj
	parts := strings.Split(strings.TrimSuffix(path, "/"), "/")
	for i, part := range parts {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			parts[i] = "{" + name + "}"
			params = append(params, obj{"name": name, "in": "path", "required": true, "schema": obj{"type": "string"}})
		}
	}
	return strings.Join(parts, "/") + "/", params
}

func content(schema obj) obj { return obj{"application/json": obj{"schema": schema}} }

func (d *describer) answers(doc api.Doc) obj {
	out := obj{"4XX": obj{"description": "Refused", "content": content(ref("Refusal"))}}
	for status, answer := range doc.Answers {
		a := obj{"description": http.StatusText(status)}
		switch answer := answer.(type) {
		case nil:
		case api.Either:
			var shapes []obj
			for _, one := range answer {
				shapes = append(shapes, d.schema(reflect.TypeOf(one)))
			}
			a["content"] = content(obj{"anyOf": shapes})
		case api.File:
			a["content"] = obj{"image/*": obj{}}
		default:
			a["content"] = content(d.schema(reflect.TypeOf(answer)))
		}
		out[strconv.Itoa(status)] = a
	}
	return out
}

func ref(name string) obj { return obj{"$ref": "#/components/schemas/" + name} }

// schema is the JSON Schema of a type as encoding/json writes it.
func (d *describer) schema(t reflect.Type) obj {
	if t == reflect.TypeFor[json.RawMessage]() {
		return obj{} // anything
	}
	switch t.Kind() {
	case reflect.Pointer:
		return obj{"anyOf": []any{d.schema(t.Elem()), obj{"type": "null"}}}
	case reflect.Slice:
		return obj{"type": "array", "items": d.schema(t.Elem())}
	case reflect.Map:
		return obj{"type": "object", "additionalProperties": d.schema(t.Elem())}
	case reflect.Bool:
		return obj{"type": "boolean"}
	case reflect.String:
		return obj{"type": "string"}
	case reflect.Float64:
		return obj{"type": "number"}
	case reflect.Struct:
		if t.PkgPath() == "time" {
			return obj{"type": "string", "format": "date-time"}
		}
		name := nameOf(t)
		if _, known := d.schemas[name]; !known {
			d.schemas[name] = obj{} // a type that holds itself ends here
			d.schemas[name] = d.members(t)
		}
		return ref(name)
	}
	return obj{"type": "integer"}
}

// nameOf is a type's name in the document: PageOfIcon for page[icon].
func nameOf(t reflect.Type) string {
	name, of, generic := strings.Cut(t.Name(), "[")
	name = strings.ToUpper(name[:1]) + name[1:]
	if generic {
		of = strings.TrimSuffix(of[strings.LastIndexAny(of, "./")+1:], "]")
		name += "Of" + strings.ToUpper(of[:1]) + of[1:]
	}
	return name
}

// members is the shape of a struct; what encoding/json never leaves out is
// required, and nothing else may be there.
func (d *describer) members(t reflect.Type) obj {
	properties, required := obj{}, []string{}
	var walk func(reflect.Type)
	walk = func(t reflect.Type) {
		for i := range t.NumField() {
			f := t.Field(i)
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case f.Anonymous && name == "":
				walk(f.Type)
			case name != "" && name != "-":
				properties[name] = d.schema(f.Type)
				if !strings.Contains(options, "omit") {
					required = append(required, name)
				}
			}
		}
	}
	walk(t)
	return obj{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}
