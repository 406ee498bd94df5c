// A server in Go, on nothing but the standard library: net/rpc with the jsonrpc codec, as the course
// notes use it, but for every client and not only for the first one.
//
// It listens on a free port of 127.0.0.1 and prints `listening on ADDR`. With `-split` it writes its
// replies byte by byte, and without the newline that Go puts behind each of them: whoever needs that
// newline fails here.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/rpc"
	"net/rpc/jsonrpc"
)

// Hello is the greeting service.
type Hello struct{}

// HelloWorld is the greeting call.
func (Hello) HelloWorld(name string, reply *string) error {
	*reply = name + " hello world"
	return nil
}

// Panda is the service with the number.
type Panda struct{}

// GetInfo doubles a number, and says no to a negative one.
func (Panda) GetInfo(number int, reply *int) error {
	if number < 0 {
		return errors.New("a panda has no negative number")
	}
	*reply = 2 * number
	return nil
}

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

func main() {
	split := flag.Bool("split", false, "byte by byte, no newlines")
	flag.Parse()
	if err := rpc.RegisterName("hello", Hello{}); err != nil {
		log.Fatal(err)
	}
	if err := rpc.RegisterName("Panda", Panda{}); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", listener.Addr())
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		var stream io.ReadWriteCloser = connection
		if *split {
			stream = splitter{connection}
		}
		go jsonrpc.ServeConn(stream)
	}
}
