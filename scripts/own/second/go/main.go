// Stages 1 to 3 with nothing but Go's standard library: a second reference, which shows that the judge
// depends on no Rust.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"log"
	"net"
	"os"
	"strconv"
	"time"
)

const longest = 1024

func number(name string, usual int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return usual
}

func listen(name string) net.Listener {
	l, err := net.Listen("tcp", os.Getenv(name))
	if err != nil {
		log.Fatal(err)
	}
	return l
}

func main() {
	rpc := listen("JSON_RPC_ADDR")
	go accept(rpc, calls)
	lines := listen("TCP_ADDR")
	places := make(chan struct{}, number("MAX_CONNECTIONS", 100))
	limit := time.Duration(number("LINE_TIMEOUT_MS", 10000)) * time.Millisecond
	accept(lines, func(c net.Conn) {
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
			greet(c, limit)
		default:
			c.Write([]byte("error: busy\n"))
		}
	})
}

func accept(l net.Listener, serve func(net.Conn)) {
	for {
		c, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer c.Close()
			serve(c)
		}()
	}
}

func greet(c net.Conn, limit time.Duration) {
	in := bufio.NewReaderSize(c, longest+2)
	for {
		// One deadline for the whole line, and for its reply.
		c.SetDeadline(time.Now().Add(limit))
		line, err := in.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			c.Write([]byte("error: line too long\n"))
			return
		}
		if err != nil {
			return
		}
		name := bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		reply := "hello " + string(name) + "\n"
		if len(name) == 0 {
			reply = "error: empty name\n"
		}
		if len(name) > longest {
			c.Write([]byte("error: line too long\n"))
			return
		}
		if _, err := c.Write([]byte(reply)); err != nil {
			return
		}
	}
}

type fault struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

type reply struct {
	Version string          `json:"jsonrpc"`
	Result  *string         `json:"result,omitempty"`
	Error   *fault          `json:"error,omitempty"`
	ID      json.RawMessage `json:"id"`
}

func refused(id json.RawMessage, code int, words string) *reply {
	if id == nil {
		id = json.RawMessage("null")
	}
	return &reply{Version: "2.0", Error: &fault{code, words}, ID: id}
}

func calls(c net.Conn) {
	in := bufio.NewReader(c)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		if out := answer(line); out != nil {
			text, _ := json.Marshal(out)
			c.Write(append(text, '\n'))
		}
	}
}

func answer(line []byte) any {
	if !json.Valid(line) {
		return refused(nil, -32700, "no JSON")
	}
	var batch []json.RawMessage
	if json.Unmarshal(line, &batch) != nil {
		if one := call(line); one != nil {
			return one
		}
		return nil
	}
	if len(batch) == 0 {
		return refused(nil, -32600, "an empty batch")
	}
	var all []*reply
	for _, request := range batch {
		if one := call(request); one != nil {
			all = append(all, one)
		}
	}
	if all == nil {
		return nil
	}
	return all
}

func call(text json.RawMessage) *reply {
	var request struct {
		Version string          `json:"jsonrpc"`
		Method  *string         `json:"method"`
		Params  json.RawMessage `json:"params"`
		ID      json.RawMessage `json:"id"`
	}
	if json.Unmarshal(text, &request) != nil || request.Version != "2.0" || request.Method == nil {
		return refused(request.ID, -32600, "no request")
	}
	if request.ID == nil {
		return nil
	}
	if *request.Method != "hello" {
		return refused(request.ID, -32601, "no such method")
	}
	name := ""
	var named struct{ Name string }
	var listed []string
	if json.Unmarshal(request.Params, &listed) == nil && len(listed) == 1 {
		name = listed[0]
	} else if json.Unmarshal(request.Params, &named) == nil {
		name = named.Name
	}
	if name == "" {
		return refused(request.ID, -32602, "the params are one name")
	}
	text2 := "hello " + name
	return &reply{Version: "2.0", Result: &text2, ID: request.ID}
}
