package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/eipbinder/eipbinder/ec2tag"
	"github.com/eipbinder/eipbinder/examples/cli/internal/report"
	"github.com/eipbinder/eipbinder/internal/awssim"
)

// simulator is what the flags of awssim ask for.
type simulator struct {
	listen          string
	addresses       int
	poolTags        string
	zone            string
	pending, insync time.Duration
}

func awssimCommand() *cobra.Command {
	var s simulator
	cmd := &cobra.Command{
		Use:   "awssim",
		Short: "Serve a strict simulator of EC2 and Route 53 on a loopback port",
		Long: `Serve a strict simulator of the calls of EC2 and Route 53 that eipbinder uses,
on a loopback port, for SDKs and awscli. It is empty but for what --pool and
--zone prepare, it keeps all in memory, and it ends on SIGINT or SIGTERM. It
checks no credentials, so it listens on loopback addresses only.`,
		Args: usageArgs(cobra.NoArgs),
	}
	cmd.Flags().StringVar(&s.listen, "listen", "127.0.0.1:0", "loopback address and port; port 0 takes a free one")
	cmd.Flags().IntVar(&s.addresses, "pool", 0, "number of Elastic IP addresses to prepare")
	cmd.Flags().StringVar(&s.poolTags, "pool-tags", "Pool=media", "tags of these addresses")
	cmd.Flags().StringVar(&s.zone, "zone", "", "hosted zone to prepare, such as media.example.com")
	cmd.Flags().DurationVar(&s.pending, "pending", 5*time.Second, "time from a launch to running")
	cmd.Flags().DurationVar(&s.insync, "insync", 30*time.Second, "time until a DNS change is in sync")
	asJSON := jsonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return s.run(cmd.Context(), cmd.OutOrStdout(), *asJSON) }
	return cmd
}

func (s simulator) run(ctx context.Context, w io.Writer, asJSON bool) error {
	if err := loopback(s.listen); err != nil {
		return usage(err)
	}
	sim, prepared, err := s.prepare()
	if err != nil {
		return usage(err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.listen)
	if err != nil {
		return err
	}
	prepared.Endpoint = "http://" + listener.Addr().String()
	if err := prepared.show(w, asJSON); err != nil {
		return errors.Join(err, listener.Close())
	}
	return serve(ctx, listener, sim)
}

// loopback refuses every address that others could reach.
func loopback(listen string) error {
	address, err := netip.ParseAddrPort(listen)
	if err != nil {
		return fmt.Errorf("--listen %q: %w: give a loopback address and a port, such as 127.0.0.1:4566", listen, err)
	}
	if !address.Addr().IsLoopback() {
		return fmt.Errorf("--listen %q: the simulator checks no credentials: give a loopback address, such as 127.0.0.1:%d", listen, address.Port())
	}
	return nil
}

// prepare makes the simulator and what it is to have from the start.
func (s simulator) prepare() (*awssim.Sim, content, error) {
	tags, err := ec2tag.Parse(s.poolTags)
	if err != nil {
		return nil, content{}, fmt.Errorf("--pool-tags: %w", err)
	}
	if s.addresses < 0 || s.pending < 0 || s.insync < 0 {
		return nil, content{}, errors.New("--pool, --pending and --insync must not be negative")
	}
	sim := awssim.New(func(o *awssim.Options) {
		o.AddressQuota = s.addresses + 100 // room to try things out
		o.PendingFor, o.InsyncAfter = s.pending, s.insync
	})
	for range s.addresses {
		if _, err := sim.Allocate("", tags.Tags()); err != nil {
			return nil, content{}, fmt.Errorf("--pool: %w", err)
		}
	}
	made := content{Region: sim.Region(), Addresses: []preparedAddress{}}
	for _, a := range sim.Addresses() {
		made.Addresses = append(made.Addresses, preparedAddress{a.AllocationID, a.IP})
	}
	if s.zone == "" {
		return sim, made, nil
	}
	made.Zone = s.zone
	if made.ZoneID, err = sim.CreateZone(s.zone); err != nil {
		return nil, content{}, fmt.Errorf("--zone: %w", err)
	}
	return sim, made, nil
}

// content is what a client has to know.
type content struct {
	Endpoint  string            `json:"endpoint"`
	Region    string            `json:"region"`
	Zone      string            `json:"zone,omitempty"`
	ZoneID    string            `json:"zoneId,omitempty"`
	Addresses []preparedAddress `json:"addresses"`
}

type preparedAddress struct {
	AllocationID string     `json:"allocationId"`
	IP           netip.Addr `json:"ip"`
}

func (c content) show(w io.Writer, asJSON bool) error {
	if asJSON {
		return report.Lines(w, []content{c})
	}
	var text strings.Builder
	fmt.Fprintf(&text, "Simulated EC2 and Route 53 of %s, in memory: nothing here is AWS.\nendpoint  %s\n", c.Region, c.Endpoint)
	if c.ZoneID != "" {
		fmt.Fprintf(&text, "zone      %s  %s\n", c.ZoneID, c.Zone)
	}
	for _, a := range c.Addresses {
		fmt.Fprintf(&text, "address   %s  %s\n", a.AllocationID, a.IP)
	}
	fmt.Fprintf(&text, "example   AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=%s aws --endpoint-url %s ec2 describe-addresses\n", c.Region, c.Endpoint)
	_, err := io.WriteString(w, text.String())
	return err
}

// shutdownTime is how long calls that are under way may take when the server ends.
const shutdownTime = 2 * time.Second

// serve answers requests until the context ends.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	err := server.Shutdown(ending)
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}
