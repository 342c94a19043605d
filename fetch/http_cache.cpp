#include "fetch/http_cache.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include <fcntl.h>
#include <libdeflate.h>
#include <unistd.h>

#include "fetch/atomic_file.hpp"
#include "fetch/packing.hpp"
#include "solver/base/digest.hpp"

namespace aimlock {
namespace {

// The last byte is the version: another layout is another number, and files of other numbers are absent.
constexpr std::array<char, 8> magic{'a', 'i', 'm', 'd', 'o', 'c', '\n', 2};
constexpr std::size_t body_alignment = 64;

/// The part of a file that a 304 rewrites in place. Where it is torn the document is stale, not absent.
struct Lifetime {
    std::int64_t fetched_at_s = 0;
    std::int64_t lifetime_s = 0;
    std::uint32_t check = 0;  // of the two above
    std::uint32_t zero = 0;
};

/// How a file begins; the texts follow, then the body at `body_at`.
struct Head {
    std::array<char, 8> magic{};
    std::uint32_t check = 0;  // of what follows, up to the body, less `lifetime`
    std::uint32_t body_check = 0;
    std::uint64_t body_at = 0;
    std::uint64_t body_size = 0;
    std::int32_t status = 0;
    std::uint32_t zero = 0;
    Lifetime lifetime;
};
static_assert(sizeof(Head) == 64);
constexpr std::size_t check_begin = offsetof(Head, body_check);
constexpr std::size_t lifetime_begin = offsetof(Head, lifetime);

std::uint32_t checksum(std::string_view bytes, std::uint32_t so_far = 0) {
    return libdeflate_crc32(so_far, bytes.data(), bytes.size());
}

std::uint32_t head_checksum(std::string_view file, std::size_t body_at) {
    const std::uint32_t fixed = checksum(file.substr(check_begin, lifetime_begin - check_begin));
    return checksum(file.substr(sizeof(Head), body_at - sizeof(Head)), fixed);
}

std::uint32_t checksum(const Lifetime& lifetime) {
    return checksum({reinterpret_cast<const char*>(&lifetime), offsetof(Lifetime, check)});
}

Lifetime lifetime_of(std::int64_t fetched_at_s, std::int64_t lifetime_s) {
    Lifetime lifetime{fetched_at_s, lifetime_s, 0, 0};
    lifetime.check = checksum(lifetime);
    return lifetime;
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

std::optional<CachedDocument> read_cached_document(const std::filesystem::path& path,
                                                   std::string* key,
                                                   bool whole) {
    auto mapped = MappedFile::open(path);
    if (!mapped || mapped->bytes().size() < sizeof(Head)) return std::nullopt;
    auto held = std::make_shared<const MappedFile>(std::move(*mapped));
    const std::string_view file = held->bytes();
    Head head;
    std::memcpy(&head, file.data(), sizeof head);
    if (head.magic != magic || head.body_at < sizeof head || head.body_at > file.size() ||
        file.size() - head.body_at != head.body_size || head.check != head_checksum(file, head.body_at)) {
        return std::nullopt;
    }
    CachedDocument document;
    document.body = file.substr(head.body_at);
    if (whole && checksum(document.body) != head.body_check) return std::nullopt;
    Unpacker texts(file.substr(sizeof head, head.body_at - sizeof head));
    const std::string_view own_key = texts.text();
    if (key != nullptr) *key = own_key;
    document.status = head.status;
    document.url = texts.text();
    document.etag = texts.text();
    document.last_modified = texts.text();
    document.content_type = texts.text();
    document.coding = texts.text();
    if (!texts.good()) return std::nullopt;
    if (checksum(head.lifetime) == head.lifetime.check) {
        document.fetched_at_s = head.lifetime.fetched_at_s;
        document.lifetime_s = head.lifetime.lifetime_s;
    }
    document.held = std::move(held);
    return document;
}

std::optional<CachedDocument> HttpCache::find(std::string_view key) const {
    std::string own_key;
    auto document = read_cached_document(file_of(key), &own_key);
    if (document && own_key != key) return std::nullopt;
    return document;
}

Result<void> HttpCache::store(std::string_view key, const CachedDocument& document) const {
    Packer texts;
    for (const std::string_view text :
         {key, std::string_view(document.url), std::string_view(document.etag),
          std::string_view(document.last_modified), std::string_view(document.content_type),
          std::string_view(document.coding)}) {
        texts.text(text);
    }
    texts.align(body_alignment);
    Head head;
    head.magic = magic;
    head.status = document.status;
    head.body_at = sizeof head + texts.size();
    head.body_size = document.body.size();
    head.body_check = checksum(document.body);
    head.lifetime = lifetime_of(document.fetched_at_s, document.lifetime_s);
    std::string beginning(reinterpret_cast<const char*>(&head), sizeof head);
    beginning += texts.take();
    head.check = head_checksum(beginning, beginning.size());
    std::memcpy(beginning.data(), &head, sizeof head);
    auto file = AtomicFile::create(file_of(key));
    if (!file) return tl::make_unexpected(file.error());
    for (const std::string_view part : {std::string_view(beginning), document.body}) {
        if (auto written = file->write(part); !written) return written;
    }
    return file->commit();
}

Result<void> HttpCache::renew(std::string_view key,
                              std::int64_t fetched_at_s,
                              std::int64_t lifetime_s) const {
    const std::filesystem::path path = file_of(key);
    const Lifetime lifetime = lifetime_of(fetched_at_s, lifetime_s);
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return tl::make_unexpected(io_error(path, "open"));
    const ssize_t written = ::pwrite(fd, &lifetime, sizeof lifetime, lifetime_begin);
    const Error error = io_error(path, "write");
    ::close(fd);
    if (written != static_cast<ssize_t>(sizeof lifetime)) return tl::make_unexpected(error);
    return {};
}

}  // namespace aimlock
