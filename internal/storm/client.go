package storm

import (
	"bytes"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/eipbinder/eipbinder/internal/awssim"
)

// clients are one process's.
type clients struct {
	ec2     *ec2.Client
	route53 *route53.Client
}

// clients returns real SDK clients of a process with this name.
func (w *World) clients(process string, retryer aws.Retryer) clients {
	keys := credentials.NewStaticCredentialsProvider(process, "SECRET", "")
	http := stagger{next: w.Sim.HTTPClient(), seed: w.Seed, process: process}
	return clients{
		ec2:     ec2.New(ec2.Options{Region: w.Sim.Region(), Credentials: keys, HTTPClient: http, Retryer: retryer}),
		route53: route53.New(route53.Options{Region: w.Sim.Region(), Credentials: keys, HTTPClient: http, Retryer: retryer}),
	}
}

// stagger gives each request a small delay of its own, which follows from its
// content, so that requests of one instant reach AWS in the same order each time.
type stagger struct {
	next    *awssim.HTTPClient
	seed    uint64
	process string
}

// Do sends the request.
func (s stagger) Do(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	delay := within(awssim.Range{Max: 100 * time.Microsecond}, s.seed, s.process, r.URL.Path, string(body))
	if err := sleep(r.Context(), delay); err != nil {
		return nil, err
	}
	return s.next.Do(r)
}
