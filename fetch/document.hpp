#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "solver/base/result.hpp"

namespace aimlock {

/// A document to read through the cache. `file://` URLs are read from disk; only what is condensed of them is
/// cached, for as long as the file looks the same (size, times and inode).
struct DocumentRequest {
    std::string url;                   ///< without credentials: FetchSession::learn takes those
    std::string accept;                ///< value of Accept; empty: anything
    std::string key;                   ///< under which the cache holds it; empty: the URL
    bool immutable = false;            ///< once cached, never asked for again
    bool remember_absence = false;     ///< a 404 is cached as well
    bool forbidden_is_absent = false;  ///< so is a 403: some stores answer so for what they do not have
    bool as_it_is = false;  ///< bytes with a hash: no content encoding is asked for, and none undone
    std::uint64_t body_cap = std::uint64_t{1} << 30U;
    /// The name and version of what is cached and answered in the place of the document ("page 1"); or empty.
    std::string form;
    /// Makes that form of a document that came from `url`. Its failure is the answer, and nothing is cached.
    std::function<Result<std::string>(std::string_view body, const std::string& url)> condense;
    /// What the answer must pass, be it from the cache (else it is asked for again) or condensed just now.
    /// Empty: everything passes.
    std::function<Result<void>(std::string_view bytes)> check;
    [[nodiscard]] const std::string& cache_key() const { return key.empty() ? url : key; }
};

struct Document {
    bool exists = true;  ///< false: 404 or 410
    std::string url;     ///< what relative references in it are relative to
    std::string content_type;
    std::string body;         ///< decompressed; at least `text_padding` bytes of capacity behind its end
    bool from_cache = false;  ///< no request was made
    std::string_view mapped;  ///< a condensed form: it lies here, and `body` is empty
    std::shared_ptr<const void> held;  ///< of `mapped`

    /// The document, or its condensed form.
    [[nodiscard]] std::string_view bytes() const { return held ? mapped : std::string_view(body); }
};

}  // namespace aimlock
