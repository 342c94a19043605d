#include "fetch/http_cache.hpp"

#include <charconv>

#include <fmt/format.h>

#include "fetch/atomic_file.hpp"
#include "fetch/environment.hpp"
#include "solver/base/digest.hpp"

namespace aimlock {
namespace {

constexpr std::string_view magic = "aimlock-document 1\n";

/// The next line of `text`, which is moved past it.
std::string_view take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

std::int64_t number(std::string_view text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// A header value that cannot break the line format.
std::string one_line(std::string_view value) {
    std::string out(value);
    for (char& c : out) {
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    }
    return out;
}

}  // namespace

bool CachedDocument::fresh_at(std::int64_t now_s) const {
    return fetched_at_s <= now_s && now_s - fetched_at_s < lifetime_s;
}

HttpCache::HttpCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

std::filesystem::path HttpCache::file_of(std::string_view key) const {
    const std::string name = sha256_of(key).hex();
    return folder_ / "http" / name.substr(0, 2) / name;
}

std::optional<CachedDocument> HttpCache::find(std::string_view key) const {
    const std::optional<std::string> content = read_whole_file(file_of(key));
    if (!content || content->size() < magic.size() + 32 || !content->starts_with(magic)) return std::nullopt;
    std::string_view rest = *content;
    const std::string_view checksum = rest.substr(rest.size() - 32);
    rest.remove_suffix(32);
    const Sha256 digest = sha256_of(rest);
    if (std::string_view(reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()) != checksum)
        return std::nullopt;
    rest.remove_prefix(magic.size());
    if (take_line(rest) != one_line(key)) return std::nullopt;
    CachedDocument document;
    document.status = static_cast<long>(number(take_line(rest)));
    document.url = take_line(rest);
    document.etag = take_line(rest);
    document.last_modified = take_line(rest);
    document.content_type = take_line(rest);
    document.coding = take_line(rest);
    document.fetched_at_s = number(take_line(rest));
    document.lifetime_s = number(take_line(rest));
    document.body = rest;
    return document;
}

Result<void> HttpCache::store(std::string_view key, const CachedDocument& document) const {
    std::string content(magic);
    content.reserve(document.body.size() + 1024);
    content += fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n", one_line(key), document.status,
                           one_line(document.url), one_line(document.etag), one_line(document.last_modified),
                           one_line(document.content_type), document.coding, document.fetched_at_s,
                           document.lifetime_s);
    content += document.body;
    const Sha256 digest = sha256_of(content);
    content.append(reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size());
    return write_file_atomically(file_of(key), content);
}

}  // namespace aimlock
