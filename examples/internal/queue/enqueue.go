package queue

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// Enqueue sends the message {"bind": ["i-…"]}, which the function takes from the
// queue two seconds later: an instance that has asked for itself has its answer then.
// An instance that waits already is sent again, which does no harm. After an error
// it may have been sent.
func (q *Queue) Enqueue(ctx context.Context, instanceID string) error {
	body, err := json.Marshal(map[string][]string{"bind": {instanceID}})
	if err != nil {
		return err
	}
	_, err = q.client.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: &q.url, MessageBody: aws.String(string(body)), DelaySeconds: int32(answerTime.Seconds()),
	})
	if err != nil {
		return fmt.Errorf("send the message: %w", err)
	}
	return nil
}
