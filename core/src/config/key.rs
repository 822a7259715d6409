//! The tables of keys: what a row knows, and how a configuration is read and written by its table.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::String;
use core::fmt;

use super::domain::Refusal;
use super::{
    BrokerConfig, ConfigError, ConsumerConfig, ControllerConfig, OperatorConfig, ProducerConfig, TopicConfig,
    not_simulated, removed,
};

/// What a configuration is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A topic.
    Topic,
    /// A broker.
    Broker,
    /// A controller.
    Controller,
    /// A producer.
    Producer,
    /// A consumer.
    Consumer,
    /// An operator: Kafka's admin client.
    Operator,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Topic,
        Self::Broker,
        Self::Controller,
        Self::Producer,
        Self::Consumer,
        Self::Operator,
    ];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Topic => "topic",
            Self::Broker => "broker",
            Self::Controller => "controller",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
            Self::Operator => "operator",
        })
    }
}

/// What is known about one key.
#[derive(Clone, Copy, Debug)]
pub struct KeyDescription {
    /// Whose key it is.
    pub kind: Kind,
    /// Its name, as Kafka spells it.
    pub key: &'static str,
    /// What it decides, in one line.
    pub doc: &'static str,
    /// Its default, as text.
    pub default: &'static str,
    pub(super) accepts: fn() -> String,
}

impl KeyDescription {
    /// What it accepts, in words.
    #[must_use]
    pub fn accepts(&self) -> String {
        (self.accepts)()
    }
}

/// One row of the table of `C`.
pub(super) struct Key<C> {
    pub(super) description: KeyDescription,
    pub(super) read: fn(&mut C, &str) -> Result<(), Refusal>,
    pub(super) write: fn(&C) -> String,
}

/// The keys that were set explicitly: Kafka adjusts a default silently where it refuses an explicit value.
pub(super) type Given = BTreeSet<&'static str>;

/// A configuration that has a table.
pub(super) trait Table: Sized + 'static {
    const KIND: Kind;
    const KEYS: &'static [Key<Self>];

    /// What the table's defaults say.
    fn of_defaults() -> Self;

    /// Reads pairs in order; as in a properties file, the last value of a key counts.
    fn read<'a>(&mut self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Given, ConfigError> {
        let mut given = Given::new();
        for (name, text) in pairs {
            let row = Self::KEYS.iter().find(|row| row.description.key == name);
            let Some(Key { description, read, .. }) = row else {
                return Err(why_not(Self::KIND, name));
            };
            read(self, text.trim()).map_err(|refusal| match refusal {
                Refusal::Malformed => ConfigError::invalid(description.key, text, description.accepts()),
                Refusal::NotSimulated => ConfigError::NotSimulated {
                    key: description.key,
                    value: Some(text.trim().into()),
                },
            })?;
            given.insert(description.key);
        }
        Ok(given)
    }
}

/// The keys of one kind.
pub(super) fn keys_of(kind: Kind) -> Box<dyn Iterator<Item = &'static KeyDescription>> {
    fn rows<C: Table>() -> Box<dyn Iterator<Item = &'static KeyDescription>> {
        Box::new(C::KEYS.iter().map(|row| &row.description))
    }
    match kind {
        Kind::Topic => rows::<TopicConfig>(),
        Kind::Broker => rows::<BrokerConfig>(),
        Kind::Controller => rows::<ControllerConfig>(),
        Kind::Producer => rows::<ProducerConfig>(),
        Kind::Consumer => rows::<ConsumerConfig>(),
        Kind::Operator => rows::<OperatorConfig>(),
    }
}

/// Why a key is not in the table of this kind.
fn why_not(kind: Kind, name: &str) -> ConfigError {
    if let Some(instead) = removed::find(kind, name) {
        return ConfigError::Removed {
            key: name.into(),
            instead,
        };
    }
    if let Some(key) = not_simulated::keys_of(kind).find(|key| *key == name) {
        return ConfigError::NotSimulated { key, value: None };
    }
    let belongs_to = Kind::ALL
        .into_iter()
        .find(|other| keys_of(*other).any(|row| row.key == name));
    let known = keys_of(kind).map(|row| row.key).chain(not_simulated::keys_of(kind));
    ConfigError::Unknown {
        kind,
        key: name.into(),
        belongs_to,
        nearest: super::error::nearest(name, known),
    }
}

/// Declares a configuration and its table, a row for each field:
///
/// ```text
/// /// What the key decides.
/// "the.key" = "its default", the domain of its values => field: Type;
/// ```
///
/// After `with`, a field that is itself a configuration, whose rows name fields of it.
macro_rules! configuration {
    (
        $(#[doc = $about:literal])+
        pub struct $name:ident for $kind:ident {
            $(#[doc = $doc:literal] $key:literal = $default:literal, $domain:expr => $field:ident: $type:ty;)*
        }
        $(with {
            #[doc = $inner_about:literal]
            pub $inner:ident: $inner_type:ident {
                $(#[doc = $inner_doc:literal]
                $inner_key:literal = $inner_default:literal, $inner_domain:expr => $inner_field:ident;)*
            }
        })?
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name {
            $(#[doc = $doc] #[doc = concat!("(`", $key, "`)")] pub $field: $type,)*
            $(#[doc = $inner_about] pub $inner: $inner_type,)?
        }

        impl $name {
            /// The effective configuration: every key with its value, in the order of the table.
            pub fn to_pairs(&self) -> impl Iterator<Item = (&'static str, alloc::string::String)> + '_ {
                <Self as $crate::config::key::Table>::KEYS.iter().map(|row| (row.description.key, (row.write)(self)))
            }
        }

        impl $crate::config::key::Table for $name {
            const KIND: $crate::config::key::Kind = $crate::config::key::Kind::$kind;
            const KEYS: &'static [$crate::config::key::Key<Self>] = &[
                $($crate::config::key::configuration!(@row $kind, $doc, $key, $default, $domain, $field),)*
                $($($crate::config::key::configuration!(
                    @row $kind, $inner_doc, $inner_key, $inner_default, $inner_domain, $inner.$inner_field
                ),)*)?
            ];

            fn of_defaults() -> Self {
                use $crate::config::domain::Domain;
                Self {
                    $($field: Domain::read(&$domain, $default).expect("a default is in its own domain"),)*
                    $($inner: $inner_type {
                        $($inner_field: Domain::read(&$inner_domain, $inner_default)
                            .expect("a default is in its own domain"),)*
                    },)?
                }
            }
        }
    };
    (@row $kind:ident, $doc:literal, $key:literal, $default:literal, $domain:expr, $($field:ident).+) => {
        $crate::config::key::Key {
            description: $crate::config::key::KeyDescription {
                kind: $crate::config::key::Kind::$kind,
                key: $key,
                doc: $doc.trim_ascii(),
                default: $default,
                accepts: || alloc::format!("{}", $domain),
            },
            read: |config, text| {
                config.$($field).+ = $crate::config::domain::Domain::read(&$domain, text)?;
                Ok(())
            },
            write: |config| $crate::config::domain::Domain::write(&$domain, &config.$($field).+),
        }
    };
}
pub(super) use configuration;
