// The Go side of a message between two tasks: two goroutines and a channel in either direction, on one processor.
//
// It reads numbers from its standard input, sends a byte to and fro that many times for each, and answers each with
// an empty line. The channels are unbuffered, as one would write it; with room for one message it takes as long.
package main

import (
	"bufio"
	"os"
	"runtime"
	"strconv"
)

func answer(there <-chan byte, back chan<- byte) {
	for b := range there {
		back <- b
	}
}

func main() {
	runtime.GOMAXPROCS(1) // a switch between two processors takes longer
	there, back := make(chan byte), make(chan byte)
	go answer(there, back)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			os.Exit(1)
		}
		for i := 0; i < n; i++ {
			there <- 1
			<-back
		}
		if _, err := os.Stdout.Write([]byte("\n")); err != nil {
			os.Exit(1)
		}
	}
}
