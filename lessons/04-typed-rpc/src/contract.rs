//! The macro that makes trait, server wrapper and client stub from one declaration. It writes what
//! [`crate::by_hand`] has written out, once for each method; compare the two side by side.
//!
//! `macro_rules!` and not a procedural macro: it needs no crate of its own and no parser, and what
//! it writes can be read off its lower half. The price is a fixed shape of the declaration.

// ANCHOR: contract
/// Declares what can be called, and makes both sides of it. In a pattern, `$( ... )+` is "one or
/// more of these", `$value:ty` is "a type, from now on called `$value`".
///
/// See [`crate::greeter`] for how it is used.
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
        // The trait: each method as declared, and every one of them may fail.
        $(#[$about])*
        $vis trait $Trait: Send + Sync + 'static {
            $(
                $(#[$says])*
                fn $method(
                    &self, $($arg: $kind),*
                ) -> impl Future<Output = Result<$value, $crate::Error>> + Send;
            )+
        }

        /// Serves anything that fulfils the contract.
        $vis fn $server(it: impl $Trait) -> $crate::Service {
            let it = ::std::sync::Arc::new(it);
            $crate::Service::new($service)
            $(
                .method($name, {
                    let it = ::std::sync::Arc::clone(&it);
                    move |($($arg,)*): ($($kind,)*)| {
                        let it = ::std::sync::Arc::clone(&it);
                        async move {
                            let outcome: Result<$value, _> = it.$method($($arg),*).await;
                            outcome.map_err(|error| error.to_string())
                        }
                    }
                })
            )+
        }

        /// Fulfils the contract by calling the server at the other end of a connection.
        #[derive(Clone, Debug)]
        $vis struct $client {
            client: $crate::Client,
            patience: ::std::time::Duration,
        }

        impl $client {
            /// Calls over this connection, and waits no longer than `patience` for each answer.
            $vis fn new(
                client: $crate::Client,
                patience: ::std::time::Duration,
            ) -> Self {
                Self { client, patience }
            }
        }

        impl $Trait for $client {
            $(
                async fn $method(&self, $($arg: $kind),*) -> Result<$value, $crate::Error> {
                    let name = concat!($service, ".", $name);
                    let arguments = ($($arg,)*);
                    let call = self.client.call_within(self.patience, name, &arguments);
                    Ok(call.await?)
                }
            )+
        }
    };
}
// ANCHOR_END: contract
