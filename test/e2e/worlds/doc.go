// Package worlds makes up worlds of services, and holds what two servers say of them against each other.
//
//	World --> Change --> Change          what is to be in a namespace: world.go generate*.go changes*.go
//	   \         |         /
//	    +--> Cluster.Apply               writes the difference to the API server: apply.go
//	               |
//	            Settle --> View          waits for controllers and watches, and reads what there is: settle.go view.go
//	               |
//	           Questions                 every kind of name and type: names*.go questions.go
//	            /     \
//	        ours       theirs            asked in the same way: ask.go
//	            \     /
//	            Compare <-- Intended     what differs, save for what is to: compare.go intended*.go
//	               |
//	            Shrink                   the smallest world that still shows a difference: shrink.go reduce.go
//
// A world follows from a number alone, and all of its changes do.
package worlds
