module example.com/customplugin

go 1.25.0

require github.com/eipbinder/eipbinder v0.0.0

require (
	github.com/google/go-cmp v0.7.0 // indirect
	golang.org/x/net v0.53.0 // indirect
	golang.org/x/text v0.36.0 // indirect
)

replace github.com/eipbinder/eipbinder => ../..
