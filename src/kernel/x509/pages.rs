//! What each code of the judge of certificates means, for `countersign explain`, and the rule that it rests on. The codes
//! stand in the words of a run that ended with `run.not_as_planned`.

use crate::page::Page;

/// A page whose reason ends with what is true then.
macro_rules! refused {
    ($code:literal, $meaning:literal, $why:literal, $wrong:literal, $mended:literal $(,)?) => {
        Page::told(
            $code,
            $meaning,
            concat!($why, " The certificate was not delivered and is taken back; what was in use stays in use."),
            $wrong,
            $mended,
        )
    };
}

/// The page of each code of requests, certificates and chains.
pub const PAGES: &[Page] = &[
    refused!(
        "x509.pem",
        "What should be a certificate is not PEM, or more than that.",
        "A certificate and a request are one block each, a chain is blocks of certificates, and nothing stands before, \
         between or after them (RFC 7468). What is not read cannot be judged, and nor can anything where the issuer \
         shows no certificate of its own.",
        "an authority that answers with an HTML page",
        "an authority that answers with `-----BEGIN CERTIFICATE-----` and what belongs to it",
    ),
    refused!(
        "x509.der",
        "The bytes are not one certificate or one request, and nothing else.",
        "They are DER (RFC 5280, section 4.1), which has one form for each content. What stands around it, no \
         signature covers.",
        "a certificate with two bytes behind its end",
        "the certificate alone",
    ),
    refused!(
        "x509.signature_algorithm",
        "A signature is not of an algorithm that is taken here, or two are named for it.",
        "Taken are ECDSA with SHA-256 or SHA-384 (RFC 5758, section 3.2) and Ed25519 (RFC 8410): for the request, the \
         certificate, its issuer's and the chain. A certificate names its algorithm twice, and both agree (RFC 5280, \
         section 4.1.1.2).",
        "an authority that signs with an RSA key",
        "an authority with a key of P-256, P-384 or Ed25519",
    ),
    refused!(
        "x509.version",
        "The certificate is not of version 3.",
        "No other version has the extensions that say what it may be used for (RFC 5280, section 4.1.2.1).",
        "an authority that makes certificates of version 1",
        "one that makes those of version 3",
    ),
    refused!(
        "x509.serial",
        "The serial number is negative, too short, too long, or not in its shortest form.",
        "It is positive and has at most 20 bytes (RFC 5280, section 4.1.2.2). One that can be foreseen helps whoever \
         forges certificates, so that 64 to 159 bits are taken.",
        "an authority that counts 1, 2, 3",
        "one that draws 20 random bytes, the first of them from 0x40 to 0x7f",
    ),
    refused!(
        "x509.key",
        "The certificate is for another key than the request's.",
        "The private key that was sealed for this version does not fit it, and no server could use the two together.",
        "an authority that makes a key pair of its own",
        "one that signs the key of the request",
    ),
    refused!(
        "x509.key_algorithm",
        "The key of the request or of the certificate is not of the planned algorithm.",
        "`key` of the workflow says which: P-256 or P-384, each by the name of its curve (RFC 5480, section 2.1.1.1), \
         or Ed25519 (RFC 8410).",
        "`key: p256`, and an authority that puts an RSA key of its own into the certificate",
        "one that signs the key of the request",
    ),
    refused!(
        "x509.signature",
        "The issuer's key did not make the certificate's signature, or the request is not signed with its own.",
        "Nobody else can have made the one (RFC 5280, section 4.1.1.3), and the other proves that its key is there \
         (RFC 2986, section 3). The issuer is the one that the workflow names, with the certificate that it shows now: \
         where it was given a new key meanwhile, run the workflow again.",
        "an authority whose key was replaced between its answer and this look at it",
        "`countersign run NAME` again",
    ),
    refused!(
        "x509.issuer",
        "The certificate does not name its issuer.",
        "The name is the issuer's own, byte for byte (RFC 5280, sections 4.1.2.4 and 6.1.3): whoever checks a chain \
         finds the next certificate by it.",
        "an authority that was given a new name, and signs under the old one",
        "one that signs under the name in its certificate",
    ),
    refused!(
        "x509.issuer_use",
        "The issuer may not sign certificates.",
        "A CA has `cA` among its basic constraints and `keyCertSign` among its key usages (RFC 5280, sections 4.2.1.9 \
         and 4.2.1.3). What anything else has signed, nobody accepts.",
        "an issuer that is a server",
        "an issuer with `profile: ca`",
    ),
    refused!(
        "x509.authority_key_id",
        "The certificate does not name its issuer's key.",
        "Its authority key identifier is the subject key identifier of its issuer, so that one of several keys is \
         found (RFC 5280, section 4.2.1.1). A root may leave it out; where it has one, it is its own.",
        "an authority that leaves the identifier out",
        "one that copies it from its own certificate",
    ),
    refused!(
        "x509.path_length",
        "A CA's path length is not below that of its issuer.",
        "It says how many CAs may stand below one (RFC 5280, section 4.2.1.9). No CA gives out more than it has.",
        "path length 0 below path length 0",
        "path length 0 below path length 1",
    ),
    refused!(
        "x509.basic_constraints",
        "A CA's certificate is not marked as one, or one for a server is; or a server's request asks for it.",
        "A CA needs critical basic constraints with `cA` and a path length, and a server has neither (RFC 5280, \
         section 4.2.1.9). Whoever reads the key of a CA can make certificates for every name.",
        "an authority that answers `profile: server` with a CA's certificate",
        "one that has a profile for servers",
    ),
    refused!(
        "x509.key_usage",
        "The key is for more than was planned, or for less.",
        "A server's key is for `digitalSignature`, a CA's for `keyCertSign` and `cRLSign`; the extension has nothing \
         else, and is critical (RFC 5280, section 4.2.1.3). A request for a server does not ask to sign certificates.",
        "an authority that adds `keyEncipherment` for every server",
        "`digitalSignature` alone",
    ),
    refused!(
        "x509.extended_key_usage",
        "The certificate is for another purpose than was planned.",
        "A server's is for `serverAuth` and nothing else, a CA's names no purpose, and no request asks for \
         `anyExtendedKeyUsage` (RFC 5280, section 4.2.1.12). With `clientAuth`, whoever steals a server's key is let \
         in elsewhere too.",
        "an authority that adds `clientAuth` for every server",
        "`serverAuth` alone",
    ),
    refused!(
        "x509.no_key_id",
        "The certificate has no subject key identifier.",
        "The certificates below a CA name its key by it, and it tells certificates of one name apart (RFC 5280, \
         section 4.2.1.2).",
        "an authority that leaves it out for servers",
        "one that sets it in every certificate",
    ),
    refused!(
        "x509.names",
        "The names are not those of the plan.",
        "A server has exactly the `names` of the workflow, as subject alternative names (RFC 5280, section 4.2.1.6); a \
         CA has none, and a request asks for no others. With a name more the certificate speaks for somebody else, \
         with one less a client is turned away.",
        "`names: [localhost]`, and an authority that adds `www.localhost`",
        "one that signs for the planned names",
    ),
    refused!(
        "x509.names_critical",
        "The subject is empty, and the names are not critical.",
        "Where nothing else says whose certificate it is, nobody may pass over the names (RFC 5280, section 4.2.1.6).",
        "an authority that never marks the names as critical",
        "one that does so where the subject is empty",
    ),
    refused!(
        "x509.name_form",
        "A name is not in its own form.",
        "A DNS name has lower case, no final dot, no underscore, and is no address; a wildcard is the whole first \
         label, before two others at least. An address has 4 or 16 bytes (RFC 5280, section 4.2.1.6). With two \
         spellings of one name nothing could be compared.",
        "`Localhost.`",
        "`localhost`",
    ),
    refused!(
        "x509.name_kind",
        "There is a name that is neither a DNS name nor an IP address.",
        "A mail address, a URI, a directory name and the others (RFC 5280, section 4.2.1.6) let somebody in somewhere, \
         and no plan has them.",
        "an authority that adds `spiffe://example/x`",
        "DNS names and IP addresses alone",
    ),
    refused!(
        "x509.name_twice",
        "A name stands there twice.",
        "The names are compared with those of the plan, which has each once.",
        "`localhost` and `localhost`",
        "`localhost`",
    ),
    refused!(
        "x509.common_name",
        "The common name is neither the planned one nor one of the names.",
        "A CA has the planned one. A server needs none, and where none is planned, the one that it has repeats one of \
         its names (CA/Browser Forum, Baseline Requirements, section 7.1.4.3).",
        "`names: [localhost]`, and an authority that writes `CN=Example Server`",
        "an empty subject, or `CN=localhost`",
    ),
    refused!(
        "x509.subject",
        "The subject says more than one common name.",
        "Organisation, country and whatever else stands there was not planned, and nobody has looked whether it is \
         true.",
        "`CN=localhost, O=Example`",
        "`CN=localhost`, or nothing",
    ),
    refused!(
        "x509.not_before",
        "The certificate is not valid yet, or begins more than an hour before it was made.",
        "It is judged at the instant at which the authority's answer was recorded (RFC 5280, section 4.1.2.5). An hour \
         is for clocks that lag; mostly the authority's clock is wrong, or this machine's.",
        "an authority whose clock is ten minutes ahead",
        "both clocks set by NTP",
    ),
    refused!(
        "x509.not_after",
        "The certificate is expired.",
        "Its last instant was over when the authority's answer was recorded (RFC 5280, section 4.1.2.5). Mostly the \
         authority's clock is wrong, or this machine's.",
        "`lifetime: 7d`, from an authority whose clock is a month behind",
        "both clocks set by NTP",
    ),
    refused!(
        "x509.lifetime",
        "The certificate is valid for longer than planned, or for too short a time.",
        "`lifetime` of the workflow is the most, both ends counted (RFC 5280, section 4.1.2.5). It may be up to an \
         hour shorter, and ends where its issuer's ends; nothing else shortens it. The message has both lengths.",
        "`lifetime: 7d`, and an authority that issues for 90 days, whatever it is asked for",
        "`lifetime: 90d`, or an authority that does as it is asked",
    ),
    refused!(
        "x509.nesting",
        "The certificate is valid at times at which its issuer's is not.",
        "Nobody who checks the chain accepts it then (RFC 5280, section 6.1.3). Renew the issuer, or let it cut off \
         what it signs at its own end.",
        "`lifetime: 90d`, from an authority that ends in 30 days",
        "the authority renewed first",
    ),
    refused!(
        "x509.issuer_validity",
        "The issuer's certificate is not valid now.",
        "What an authority signs after its end, nobody accepts (RFC 5280, section 6.1.3).",
        "an authority that goes on signing after its end",
        "the authority renewed first",
    ),
    refused!(
        "x509.due_at_birth",
        "The certificate would be due for renewal at once, and so for ever.",
        "`on.expiry` says from which part of its life on it is renewed, and that part has come: a certificate begins a \
         little before it is made, and ends where its issuer's ends. Give it a longer `lifetime` or a later `at`, or \
         renew its issuer.",
        "`lifetime: 90s` with `expiry: {at: 2/3}`, from an authority that dates back by a minute",
        "`lifetime: 7d`",
    ),
    refused!(
        "x509.extension_twice",
        "An extension stands there twice.",
        "A certificate has each of them once (RFC 5280, section 4.2), and so does a request: of two, each reader \
         believes another one.",
        "two lists of names",
        "one list",
    ),
    refused!(
        "x509.extension_form",
        "An extension cannot be read.",
        "What cannot be read here may be read by somebody else, and mean anything (RFC 5280, section 4.2).",
        "a key usage that is not a string of bits",
        "the extension in the form of its standard",
    ),
    refused!(
        "x509.extension_unplanned",
        "There is an extension that nobody planned.",
        "Beside constraints, uses, names and key identifiers, an authority may add access to its information, \
         distribution points of its lists, policies and timestamps of logs, none of them critical. Anything else may \
         bind those who check it (RFC 5280, section 4.2). A request asks for constraints, uses and names alone.",
        "an authority that adds `1.3.6.1.5.5.7.1.24` (RFC 7633), by which each handshake needs a stapled answer",
        "one that leaves it out",
    ),
    refused!(
        "x509.chain_first",
        "The chain does not begin with the certificate.",
        "It is delivered as the server sends it, and a server sends its own certificate first (RFC 8446, section \
         4.4.2).",
        "the issuer alone",
        "the certificate, then its issuer",
    ),
    refused!(
        "x509.chain_order",
        "A certificate of the chain did not sign the one before it.",
        "Each certifies the one before it (RFC 8446, section 4.4.2). Names and signatures are looked at.",
        "an issuer's certificate from before its key was replaced",
        "the one whose key signed",
    ),
    refused!(
        "x509.chain_root",
        "The chain holds a root.",
        "Whoever trusts a root has it, and learns nothing from a server that sends it (RFC 8446, section 4.4.2).",
        "certificate, issuer, root",
        "certificate, issuer",
    ),
    refused!(
        "x509.attribute",
        "The request has an attribute that is none of ours.",
        "It may ask for extensions (RFC 2985, section 5.4.2). A challenge password, for one, is a secret and has no \
         place in it. Countersign makes the request itself, so that this is a fault of it: report it.",
        "no workflow that is known brings it about",
        "a report",
    ),
    refused!(
        "x509.attribute_twice",
        "An attribute stands in the request twice.",
        "Of two, each reader believes another one. Countersign makes the request itself, so that this is a fault of \
         it: report it.",
        "no workflow that is known brings it about",
        "a report",
    ),
    refused!(
        "x509.attribute_values",
        "An attribute of the request does not have exactly one value.",
        "What is asked for stands in one (RFC 2985, section 5.4.2). Countersign makes the request itself, so that this \
         is a fault of it: report it.",
        "no workflow that is known brings it about",
        "a report",
    ),
];
