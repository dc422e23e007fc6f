package site

import (
	"fmt"
	"strconv"
	"time"

	"wayguard/document"
	"wayguard/http1"
)

// mostPage bounds an operator's page, in bytes.
const mostPage = 256 << 10

// plainAnswer has no body and says nothing of who gives it.
func plainAnswer(status int) *Answer {
	return &Answer{Status: status, Fields: []http1.Field{{Name: "Cache-Control", Value: "no-store"}}}
}

// pages compiles the answers that the operator can give a face.
func (c *compiler) pages(config *Config, s *site) {
	s.answers.mirror = c.mirror(config)
	s.answers.loop = plainAnswer(508)
	s.answers.refusal = c.page(config.At.Child("customer_key.refusal"), config.CustomerKey.Refusal, 403)
	place(&config.ErrorPage.At, config.At.Child("error_page"))
	if failure := config.ErrorPage; failure != (PageConfig{At: failure.At}) {
		s.answers.failure = c.page(failure.At, failure, 0)
	}
	at := config.At.Child("maintenance")
	pause := config.Maintenance
	pause.PageConfig.At = at
	if pause.Origin != "" && pause.PageConfig != (PageConfig{At: at}) {
		c.tell(at.Problem("", "has an origin that answers and an answer of its own", "give one of them"))
	}
	c.use(at, "origin", pause.Origin)
	answer := c.page(at, pause.PageConfig, 503)
	if pause.On && pause.Origin == "" {
		s.answers.pause = answer
	}
	if pause.On {
		s.pauseTo = pause.Origin
	}
}

func (c *compiler) mirror(config *Config) *Answer {
	answer := plainAnswer(200)
	if config.Mirror.CacheControl != "" {
		c.value(config.At, "mirror.cache_control", config.Mirror.CacheControl)
		answer.Fields[0].Value = config.Mirror.CacheControl
	}
	if config.Mirror.SurrogateControl != "" {
		c.value(config.At, "mirror.surrogate_control", config.Mirror.SurrogateControl)
		answer.Fields = append(answer.Fields, http1.Field{Name: "Surrogate-Control", Value: config.Mirror.SurrogateControl})
	}
	return answer
}

func (c *compiler) page(at document.Mark, page PageConfig, status int) *Answer {
	place(&page.At, at)
	answer := plainAnswer(status)
	if page.Status != 0 {
		answer.Status = page.Status
	}
	if page.Status != 0 && (page.Status < 200 || page.Status > 599 || page.Status == 204 || page.Status == 205 || page.Status == 304) {
		c.tell(page.At.Problem("status", "must be from 200 to 599, and one that may have a body", ""))
	}
	switch {
	case page.Page != "" && page.Text != "":
		c.tell(page.At.Problem("text", "there is a page already", "give one of them"))
	case len(page.Page)+len(page.Text) > mostPage:
		c.tell(page.At.Problem("", fmt.Sprintf("is longer than %s", document.Bytes(mostPage)), ""))
	case page.Page != "":
		answer.ContentType, answer.Body = "text/html; charset=utf-8", []byte(page.Page)
	case page.Text != "":
		answer.ContentType, answer.Body = "text/plain; charset=utf-8", []byte(page.Text)
	}
	if page.RetryAfter < 0 {
		c.tell(page.At.Problem("retry_after", "must not be negative", ""))
	}
	if page.RetryAfter > 0 {
		seconds := (page.RetryAfter + time.Second - 1) / time.Second
		answer.Fields = append(answer.Fields, http1.Field{Name: "Retry-After", Value: strconv.FormatInt(int64(seconds), 10)})
	}
	return answer
}
