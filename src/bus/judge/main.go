// SPDX-License-Identifier: GPL-2.0-only

// An outside judge of the bus: another implementation of Varlink asks it who it is, parses every
// interface description, and calls a method, an unknown one, a bad one and a stream.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/varlink/go/varlink"
	"github.com/varlink/go/varlink/idl"
)

type dict map[string]interface{}

func die(what string, err error) {
	if err != nil {
		fmt.Printf("%s: %v\n", what, err)
		os.Exit(1)
	}
}

func describe(ctx context.Context, c *varlink.Connection) {
	var vendor, product, version, url string
	var interfaces []string

	die("GetInfo", c.GetInfo(ctx, &vendor, &product, &version, &url, &interfaces))
	fmt.Printf("%s %s %s\n", vendor, product, version)
	for _, name := range interfaces {
		text, err := c.GetInterfaceDescription(ctx, name)
		die(name, err)
		parsed, err := idl.New(text)
		die(name, err)
		fmt.Printf("%s: %d methods, %d errors\n", parsed.Name, len(parsed.Methods), len(parsed.Errors))
	}
}

func call(ctx context.Context, c *varlink.Connection, method string, parameters dict) {
	var out dict

	err := c.Call(ctx, method, parameters, &out)
	fmt.Printf("%s: %v %T %v\n", method, out, err, err)
}

func stream(ctx context.Context, c *varlink.Connection) {
	receive, err := c.Send(ctx, "io.weir.Count", dict{"to": 3, "size": 1}, varlink.More)
	die("Count", err)
	for {
		var out dict
		flags, err := receive(ctx, &out)
		die("Count", err)
		fmt.Printf("Count: %v more=%v\n", out["at"], flags&varlink.Continues != 0)
		if flags&varlink.Continues == 0 {
			return
		}
	}
}

func main() {
	ctx := context.Background()
	c, err := varlink.NewConnection(ctx, "unix:"+os.Args[1])
	die("connect", err)
	describe(ctx, c)
	if len(os.Args) > 2 {
		call(ctx, c, "io.weir.Echo", dict{"text": "hi"})
		call(ctx, c, "io.weir.Echo", dict{"txt": "hi"})
		call(ctx, c, "io.weir.Nope", nil)
		call(ctx, c, "io.nope.Nope", nil)
		stream(ctx, c)
	}
	die("close", c.Close())
}
