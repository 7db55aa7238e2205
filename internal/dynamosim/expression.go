package dynamosim

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

func invalid(format string, args ...any) error {
	return &smithy.GenericAPIError{Code: "ValidationException", Message: fmt.Sprintf(format, args...)}
}

// operands are what an expression is about.
type operands struct {
	item   Item
	names  map[string]string
	values Item
}

// attribute returns the attribute's name, and its value if it has one.
func (o operands) attribute(path string) (name string, value types.AttributeValue, err error) {
	name = path
	if strings.HasPrefix(path, "#") {
		var known bool
		if name, known = o.names[path]; !known {
			return "", nil, invalid("An expression attribute name used in the document path is not defined; attribute name: %s", path)
		}
	}
	return name, o.item[name], nil
}

func (o operands) value(placeholder string) (types.AttributeValue, error) {
	if value, ok := o.values[placeholder]; ok {
		return value, nil
	}
	return nil, invalid("An expression attribute value used in expression is not defined; attribute value: %s", placeholder)
}

// condition tells whether it holds.
type condition func(operands) (bool, error)

func always(operands) (bool, error) { return true, nil }

// condition parses, or remembers, one: terms tied by OR, and closer by AND.
func (db *DB) condition(text *string) (condition, error) {
	if text == nil {
		return always, nil
	}
	if known, ok := db.conditions[*text]; ok {
		return known, nil
	}
	w := &words{left: split(*text)}
	parsed := w.anyOf()
	if w.err != nil || len(w.left) > 0 {
		return nil, invalid("cannot read the condition %q at %q", *text, w.left)
	}
	db.conditions[*text] = parsed
	return parsed, nil
}

// split returns the words and signs of an expression.
func split(text string) []string {
	for _, sign := range []string{"(", ")", ","} {
		text = strings.ReplaceAll(text, sign, " "+sign+" ")
	}
	return strings.Fields(text)
}

// words are what is left of an expression.
type words struct {
	left []string
	err  error
}

func (w *words) next() string {
	if len(w.left) == 0 {
		w.err = invalid("the expression ends too early")
		return ""
	}
	word := w.left[0]
	w.left = w.left[1:]
	return word
}

func (w *words) follows(word string) bool {
	if len(w.left) == 0 || w.left[0] != word {
		return false
	}
	w.left = w.left[1:]
	return true
}

func (w *words) want(word string) {
	if !w.follows(word) {
		w.err = invalid("%q is missing", word)
	}
}

func (w *words) anyOf() condition {
	terms := []condition{w.allOf()}
	for w.follows("OR") {
		terms = append(terms, w.allOf())
	}
	return func(o operands) (bool, error) { return firstThat(terms, o, true) }
}

func (w *words) allOf() condition {
	terms := []condition{w.term()}
	for w.follows("AND") {
		terms = append(terms, w.term())
	}
	return func(o operands) (bool, error) { return firstThat(terms, o, false) }
}

// firstThat returns ends if a term says that, and else the opposite.
func firstThat(terms []condition, o operands, ends bool) (bool, error) {
	for _, term := range terms {
		if holds, err := term(o); err != nil || holds == ends {
			return holds, err
		}
	}
	return !ends, nil
}

func (w *words) term() condition {
	switch word := w.next(); word {
	case "attribute_exists", "attribute_not_exists":
		path := w.arguments(1)[0]
		return func(o operands) (bool, error) {
			_, value, err := o.attribute(path)
			return (value != nil) == (word == "attribute_exists"), err
		}
	case "begins_with":
		args := w.arguments(2)
		return func(o operands) (bool, error) { return o.beginsWith(args[0], args[1]) }
	default:
		return w.comparison(word)
	}
}

// arguments reads so many, in parentheses.
func (w *words) arguments(n int) []string {
	w.want("(")
	args := []string{w.next()}
	for w.follows(",") {
		args = append(args, w.next())
	}
	w.want(")")
	if n > 0 && len(args) != n {
		w.err = invalid("%d arguments, want %d", len(args), n)
		return make([]string, n)
	}
	return args
}

func (w *words) comparison(path string) condition {
	switch sign := w.next(); sign {
	case "=", "<>":
		placeholder := w.next()
		return func(o operands) (bool, error) {
			is, err := o.isOneOf(path, []string{placeholder})
			return is == (sign == "="), err
		}
	case "IN":
		placeholders := w.arguments(0)
		return func(o operands) (bool, error) { return o.isOneOf(path, placeholders) }
	default:
		w.err = invalid("the comparison %q is not known here", sign)
		return always
	}
}

// isOneOf compares: an attribute that is missing equals nothing.
func (o operands) isOneOf(path string, placeholders []string) (bool, error) {
	_, value, err := o.attribute(path)
	if err != nil {
		return false, err
	}
	for _, placeholder := range placeholders {
		other, err := o.value(placeholder)
		if err != nil {
			return false, err
		}
		if value != nil && equal(value, other) {
			return true, nil
		}
	}
	return false, nil
}

func (o operands) beginsWith(path, placeholder string) (bool, error) {
	_, value, err := o.attribute(path)
	if err != nil {
		return false, err
	}
	prefix, err := o.value(placeholder)
	if err != nil {
		return false, err
	}
	text, ok := value.(*types.AttributeValueMemberS)
	start, is := prefix.(*types.AttributeValueMemberS)
	return ok && is && strings.HasPrefix(text.Value, start.Value), nil
}

func equal(a, b types.AttributeValue) bool {
	switch a := a.(type) {
	case *types.AttributeValueMemberS:
		b, ok := b.(*types.AttributeValueMemberS)
		return ok && a.Value == b.Value
	case *types.AttributeValueMemberN:
		b, ok := b.(*types.AttributeValueMemberN)
		return ok && a.Value == b.Value // as they were written: the same number in other words is another
	case *types.AttributeValueMemberBOOL:
		b, ok := b.(*types.AttributeValueMemberBOOL)
		return ok && a.Value == b.Value
	}
	return reflect.DeepEqual(a, b)
}

// update changes an item, which the operands have as it was.
type update func(changed Item, o operands) error

// update parses, or remembers, one: SET of values, or of those that are missing,
// and REMOVE.
func (db *DB) update(text *string) (update, error) {
	if known, ok := db.updates[aws.ToString(text)]; ok {
		return known, nil
	}
	w := &words{left: split(aws.ToString(text))}
	var parts []update
	for len(w.left) > 0 && w.err == nil {
		clauses := map[string]func() update{"SET": w.set, "REMOVE": w.remove}
		word := w.next()
		clause, ok := clauses[word]
		if !ok {
			w.err = invalid("the clause %q is not known here", word)
			break
		}
		parts = append(parts, clause())
		for w.follows(",") {
			parts = append(parts, clause())
		}
	}
	if w.err != nil || len(parts) == 0 {
		return nil, invalid("cannot read the update %q: %v", aws.ToString(text), w.err)
	}
	parsed := func(changed Item, o operands) error {
		for _, part := range parts {
			if err := part(changed, o); err != nil {
				return err
			}
		}
		return nil
	}
	db.updates[aws.ToString(text)] = parsed
	return parsed, nil
}

func (w *words) set() update {
	path := w.next()
	w.want("=")
	source := w.next()
	fallback := ""
	if source == "if_not_exists" {
		args := w.arguments(2)
		source, fallback = args[0], args[1]
	}
	return func(changed Item, o operands) error {
		name, _, err := o.attribute(path)
		if err != nil {
			return err
		}
		changed[name], err = o.operand(source, fallback)
		return err
	}
}

// operand returns the value, or the attribute's if there is a fallback for when it
// is missing.
func (o operands) operand(source, fallback string) (types.AttributeValue, error) {
	if fallback == "" {
		return o.value(source)
	}
	_, value, err := o.attribute(source)
	if err != nil || value != nil {
		return value, err
	}
	return o.value(fallback)
}

func (w *words) remove() update {
	path := w.next()
	return func(changed Item, o operands) error {
		name, _, err := o.attribute(path)
		delete(changed, name)
		return err
	}
}
