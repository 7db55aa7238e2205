package karpenter

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// told is what an instance's user data tells its kubelet to register with.
type told struct {
	labels map[string]string
	taints []corev1.Taint
}

// told reads the user data that Karpenter has handed to the instance.
func (w *cloud) told(ctx context.Context, instanceID string) (told, error) {
	out, err := w.ec2.DescribeInstanceAttribute(ctx, &ec2.DescribeInstanceAttributeInput{
		InstanceId: &instanceID, Attribute: types.InstanceAttributeNameUserData,
	})
	if err != nil {
		return told{}, err
	}
	text, err := base64.StdEncoding.DecodeString(aws.ToString(out.UserData.Value))
	if err != nil {
		return told{}, err
	}
	return readUserData(string(text))
}

// readUserData does what nodeadm does on Amazon Linux 2023: of the parts, it takes
// the NodeConfig.
func readUserData(text string) (told, error) {
	message, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		return told{}, fmt.Errorf("%w: %q", err, text)
	}
	_, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		return told{}, err
	}
	parts := multipart.NewReader(message.Body, params["boundary"])
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return told{}, fmt.Errorf("there is no NodeConfig in %q", text)
		}
		if err != nil {
			return told{}, err
		}
		if part.Header.Get("Content-Type") == "application/node.eks.aws" {
			return readNodeConfig(part)
		}
	}
}

func readNodeConfig(part io.Reader) (t told, err error) {
	text, err := io.ReadAll(part)
	if err != nil {
		return told{}, err
	}
	var config struct {
		Spec struct {
			Kubelet struct {
				Config struct {
					RegisterWithTaints []corev1.Taint `json:"registerWithTaints"`
				} `json:"config"`
				Flags []string `json:"flags"`
			} `json:"kubelet"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		return told{}, err
	}
	t = told{labels: map[string]string{}, taints: config.Spec.Kubelet.Config.RegisterWithTaints}
	for _, flag := range config.Spec.Kubelet.Flags {
		quoted, ok := strings.CutPrefix(flag, "--node-labels=")
		if !ok {
			continue
		}
		list, err := strconv.Unquote(quoted)
		if err != nil {
			return told{}, err
		}
		for label := range strings.SplitSeq(list, ",") {
			key, value, _ := strings.Cut(label, "=")
			t.labels[key] = value
		}
	}
	return t, nil
}
