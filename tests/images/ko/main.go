// A program for ko to put into an image.
package main

import "fmt"

func main() {
	fmt.Println("hello from ko")
}
