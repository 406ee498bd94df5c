// A client in Go, on nothing but the standard library: net/rpc with the jsonrpc codec.
//
//	client [-split | -null] ADDR
//
// It makes every kind of call, compares each reply, and prints one line for each that came out right.
// The first wrong one ends it with a message. With `-split` its requests travel byte by byte, and
// without the newline that Go puts behind each of them. With `-null` it makes two calls, whatever comes
// of them, and prints their errors: for a server that answers `result: null` and `error: null`.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/rpc"
	"net/rpc/jsonrpc"
	"strings"
)

// splitter writes every byte by itself, and no newline.
type splitter struct{ io.ReadWriteCloser }

func (s splitter) Write(bytes []byte) (int, error) {
	for i := range bytes {
		if bytes[i] == '\n' {
			continue
		}
		if _, err := s.ReadWriteCloser.Write(bytes[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(bytes), nil
}

func greet(client *rpc.Client, name string) {
	var reply string
	if err := client.Call("hello.HelloWorld", name, &reply); err != nil {
		log.Fatalf("%.40q: %v", name, err)
	}
	if reply != name+" hello world" {
		log.Fatalf("%.40q was answered %.60q", name, reply)
	}
}

func info(client *rpc.Client, number, expected int) {
	var reply int
	if err := client.Call("Panda.GetInfo", number, &reply); err != nil {
		log.Fatal(err)
	}
	if reply != expected {
		log.Fatalf("%d was answered %d", number, reply)
	}
}

func main() {
	split := flag.Bool("split", false, "byte by byte, no newlines")
	null := flag.Bool("null", false, "two calls, and their errors")
	flag.Parse()
	log.SetFlags(0)
	connection, err := net.Dial("tcp", flag.Arg(0))
	if err != nil {
		log.Fatal(err)
	}
	var stream io.ReadWriteCloser = connection
	if *split {
		stream = splitter{connection}
	}
	client := jsonrpc.NewClient(stream)

	if *null {
		for i := 0; i < 2; i++ {
			fmt.Println(client.Call("Panda.GetInfo", 1, new(int)))
		}
		return
	}

	greet(client, "wire")
	info(client, 100, 200)
	fmt.Println("ordinary calls")

	calls := make([]*rpc.Call, 0, 200)
	for number := 0; number < cap(calls); number++ {
		calls = append(calls, client.Go("Panda.GetInfo", number, new(int), nil))
	}
	for number, call := range calls {
		<-call.Done
		if call.Error != nil || *call.Reply.(*int) != 2*number {
			log.Fatalf("%d: %v, %v", number, *call.Reply.(*int), call.Error)
		}
	}
	fmt.Println("200 calls at once")

	var nothing int
	for _, call := range []struct {
		method   string
		argument interface{}
	}{
		{"Panda.GetInfo", -1},
		{"Panda.GetInfo", "many"},
		{"Panda.Nope", 1},
	} {
		err := client.Call(call.method, call.argument, &nothing)
		if _, told := err.(rpc.ServerError); !told {
			log.Fatalf("%s(%v): %v is no error of the server", call.method, call.argument, err)
		}
		info(client, 21, 42)
	}
	fmt.Println("errors, and a good call after each")

	for _, name := range []string{"", "你好", "Grüße & <b>", "\"}{\\", "a\nb\u2028c\x00", "🦀"} {
		greet(client, name)
	}
	fmt.Println("texts in every alphabet")

	if !*split {
		greet(client, strings.Repeat("x", 1<<20))
		greet(client, strings.Repeat("你", 350_000))
		fmt.Println("arguments of 1 MB")
	}
	if err := client.Close(); err != nil {
		log.Fatal(err)
	}
}
