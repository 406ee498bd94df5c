//! The macro that makes trait, server wrapper and client stub from one declaration. It writes the code of
//! [`crate::by_hand`], once for each method; compare the two side by side.
//!
//! A `macro_rules!` needs no crate of its own and no parser, unlike a procedural macro, and its lower half
//! shows the code that it writes. In return the declaration has a fixed form.

// ANCHOR: contract
/// Declares the methods of a contract, and makes both sides of it. In a pattern, `$( ... )+` means "one or
/// more of these", and `$value:ty` means "a type, from now on called `$value`".
///
/// [`crate::greeter`] uses it.
#[macro_export]
macro_rules! contract {
    (
        $(#[$about:meta])*
        $vis:vis trait $Trait:ident = $service:literal, $server:ident, $client:ident {
            $(
                $(#[$says:meta])*
                async fn $method:ident($($arg:ident: $kind:ty),*) -> $value:ty = $name:literal;
            )+
        }
    ) => {
        // The trait: each method as declared, and each may fail.
        $(#[$about])*
        $vis trait $Trait: Send + Sync + 'static {
            $(
                $(#[$says])*
                fn $method(
                    &self, $($arg: $kind),*
                ) -> impl Future<Output = Result<$value, $crate::Error>> + Send;
            )+
        }

        /// Serves any implementation of the contract.
        $vis fn $server(implementation: impl $Trait) -> $crate::Service {
            let implementation = ::std::sync::Arc::new(implementation);
            $crate::Service::new($service)
            $(
                .method($name, {
                    let implementation = ::std::sync::Arc::clone(&implementation);
                    move |($($arg,)*): ($($kind,)*)| {
                        let implementation = ::std::sync::Arc::clone(&implementation);
                        async move {
                            let outcome: Result<$value, _> =
                                implementation.$method($($arg),*).await;
                            outcome.map_err(|error| error.to_string())
                        }
                    }
                })
            )+
        }

        /// Implements the contract by calling the server at the other end of a connection.
        #[derive(Clone, Debug)]
        $vis struct $client {
            client: $crate::Client,
            timeout: ::std::time::Duration,
        }

        impl $client {
            /// Calls over this connection, and waits no longer than `timeout` for each answer.
            $vis fn new(
                client: $crate::Client,
                timeout: ::std::time::Duration,
            ) -> Self {
                Self { client, timeout }
            }
        }

        impl $Trait for $client {
            $(
                async fn $method(&self, $($arg: $kind),*) -> Result<$value, $crate::Error> {
                    let name = concat!($service, ".", $name);
                    let arguments = ($($arg,)*);
                    let call = self.client.call_within(self.timeout, name, &arguments);
                    Ok(call.await?)
                }
            )+
        }
    };
}
// ANCHOR_END: contract
