module github.com/eipbinder/eipbinder/adapters/httpapi/identitydoc

go 1.25.0

require (
	github.com/eipbinder/eipbinder v0.0.0
	github.com/smallstep/pkcs7 v0.2.3
)

require (
	golang.org/x/net v0.53.0 // indirect
	golang.org/x/text v0.36.0 // indirect
)

replace github.com/eipbinder/eipbinder => ../../../
