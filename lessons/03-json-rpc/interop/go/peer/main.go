// A Go program calls the answer of the exercise `go-dialect`, on nothing but the standard library:
// net/rpc with the jsonrpc codec.
//
//	peer ADDR
//
// It tells what it asks and what it gets. The exit status is 0 if every call went as Go expects,
// else 1. `cargo workbook peer 03` builds and starts it.
package main

import (
	"fmt"
	"net"
	"net/rpc"
	"net/rpc/jsonrpc"
	"os"
	"strings"
	"time"
)

const (
	// Longer than any answer takes, and short enough for somebody who watches.
	patience = 3 * time.Second
	// How many calls are on the way at the same time.
	crowd = 50
)

func wrong(format string, values ...interface{}) {
	fmt.Printf("   WRONG         "+format+"\n\n", values...)
	os.Exit(1)
}

// wait gives the error of a call, if there is one. Silence and a lost connection end the program:
// nothing can be learned from this connection any more.
func wait(call *rpc.Call) error {
	select {
	case <-call.Done:
	case <-time.After(patience):
		wrong("no answer that Go can use within %v; the connection is still open", patience)
	}
	if call.Error == nil {
		return nil
	}
	if _, told := call.Error.(rpc.ServerError); told {
		return call.Error
	}
	// Go has no type for this one, and after it the whole connection is of no use.
	if strings.HasPrefix(call.Error.Error(), "invalid error ") {
		wrong("Go cannot read this error: %v. In this dialect it is a text", call.Error)
	}
	wrong("no answer that Go can use: %v", call.Error)
	return nil
}

// shout makes one call and tells it.
func shout(client *rpc.Client, text string) {
	fmt.Printf("   Go asks       Text.Shout(%q)\n", text)
	var reply string
	err := wait(client.Go("Text.Shout", text, &reply, make(chan *rpc.Call, 1)))
	if err != nil {
		wrong("an error, and none was expected: %v", err)
	}
	fmt.Printf("   and gets      %q\n", reply)
	if reply != strings.ToUpper(text) {
		wrong("expected %q", strings.ToUpper(text))
	}
}

// fail makes one call that must fail.
func fail(client *rpc.Client, method, text string) {
	fmt.Printf("   Go asks       %s(%q)\n", method, text)
	var reply string
	err := wait(client.Go(method, text, &reply, make(chan *rpc.Call, 1)))
	if err == nil {
		wrong("the value %q; an error was expected", reply)
	}
	fmt.Printf("   and gets      the error %q\n", err.Error())
}

func atOnce(client *rpc.Client) {
	fmt.Printf("   Go asks       %d times at once, each call with a text of its own\n", crowd)
	calls := make([]*rpc.Call, 0, crowd)
	for number := 0; number < crowd; number++ {
		text := fmt.Sprintf("call %d", number)
		calls = append(calls, client.Go("Text.Shout", text, new(string), make(chan *rpc.Call, 1)))
	}
	for number, call := range calls {
		if err := wait(call); err != nil {
			wrong("call %d: an error, and none was expected: %v", number, err)
		}
		expected := fmt.Sprintf("CALL %d", number)
		if got := *call.Reply.(*string); got != expected {
			wrong("call %d was answered %q; expected %q", number, got, expected)
		}
	}
	fmt.Printf("   and gets      %d replies, each to its own call\n", crowd)
}

func main() {
	connection, err := net.DialTimeout("tcp", os.Args[1], patience)
	if err != nil {
		wrong("nobody listens there: %v", err)
	}
	client := jsonrpc.NewClient(connection)

	fmt.Println("1. Ordinary calls")
	shout(client, "wire")
	shout(client, "two words")

	fmt.Println("2. Calls that fail, and a good one after each on the same connection")
	fail(client, "Text.Shout", "")
	shout(client, "still here")
	fail(client, "Text.Nope", "wire")
	shout(client, "and here")

	fmt.Println("3. Many calls on one connection")
	atOnce(client)

	fmt.Println("4. Texts in other alphabets, and with signs that JSON must escape")
	for _, text := range []string{"äöü", "你好", "a}b{\"c\\", "line\nbreak", "crab 🦀"} {
		shout(client, text)
	}
	if err := client.Close(); err != nil {
		wrong("the connection could not be closed: %v", err)
	}
	fmt.Println("Go reads your JSON as if Go had written it.")
	fmt.Println()
}
