// My service. It greets one client after the other, and takes each read for one name: stage 1 says what
// is missing.
package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"strings"
)

func main() {
	addr := os.Getenv("TCP_ADDR")
	if addr == "" {
		addr = "127.0.0.1:7001"
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", addr)
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		buffer := make([]byte, 1024)
		count, _ := conn.Read(buffer)
		if count > 0 {
			fmt.Fprintf(conn, "hello %s\n", strings.TrimSpace(string(buffer[:count])))
		}
		conn.Close()
	}
}
