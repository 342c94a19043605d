// What the cache holds, by whoever wrote it: a file of it, and each packed form behind checksums that fit.
// The first byte says which.
#include <cstring>

#include <libdeflate.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fetch/conda/kept_warnings.hpp"
#include "fetch/conda/packed_repodata.hpp"
#include "fetch/conda/shard_index.hpp"
#include "fetch/http_cache.hpp"
#include "fetch/pypi/core_metadata.hpp"
#include "fetch/pypi/simple_page.hpp"
#include "tests/fuzz/check.hpp"

using namespace aimlock;

namespace {

constexpr std::size_t head_size = 64;
constexpr std::size_t check_at = 8;
constexpr std::size_t body_check_at = 12;
constexpr std::size_t body_at_at = 16;
constexpr std::size_t body_size_at = 24;
constexpr std::size_t lifetime_at = 40;

/// Gives a file the magic, size and checksums that make its reader go on (http_cache.cpp).
void make_whole(std::string& file) {
    if (file.size() < head_size) return;
    const auto crc = [&](std::size_t from, std::size_t to, std::uint32_t so_far) {
        return libdeflate_crc32(so_far, file.data() + from, to - from);
    };
    constexpr char magic[8] = {'a', 'i', 'm', 'd', 'o', 'c', '\n', 2};
    std::memcpy(file.data(), magic, sizeof magic);
    std::uint64_t body_at = 0;
    std::memcpy(&body_at, file.data() + body_at_at, sizeof body_at);
    body_at = head_size + body_at % (file.size() - head_size + 1);
    const std::uint64_t body_size = file.size() - body_at;
    std::memcpy(file.data() + body_at_at, &body_at, sizeof body_at);
    std::memcpy(file.data() + body_size_at, &body_size, sizeof body_size);
    const std::uint32_t body_check = crc(body_at, file.size(), 0);
    std::memcpy(file.data() + body_check_at, &body_check, sizeof body_check);
    const std::uint32_t check = crc(head_size, body_at, crc(body_check_at, lifetime_at, 0));
    std::memcpy(file.data() + check_at, &check, sizeof check);
}

void read_file(const std::string& file) {
    const int fd = ::memfd_create("cache", MFD_CLOEXEC);
    FUZZ_CHECK(fd >= 0);
    FUZZ_CHECK(::write(fd, file.data(), file.size()) == static_cast<ssize_t>(file.size()));
    std::string key;
    const auto document = read_cached_document("/proc/self/fd/" + std::to_string(fd), &key);
    if (document) FUZZ_CHECK(document->body.size() + head_size <= file.size());
    ::close(fd);
}

void read_repodata(std::string_view packed) {
    const RepodataOrigin origin{"forge", "linux-64", "https://host.example/forge/linux-64/", "the document"};
    KeptWarnings log;
    const auto repodata = open_packed_repodata(packed, nullptr, origin, log);
    if (!repodata) return;
    std::size_t bytes = 0;
    for (const CondaRecord& record : repodata->records) {
        for (const TextList list : {record.depends, record.constrains, record.purls, record.extra_depends}) {
            for (const TextId text : repodata->list(list)) bytes += repodata->text(text).size();
        }
        bytes += repodata->text(record.file_name).size() +
                 repodata->records_named(repodata->text(record.name)).size();
    }
    for (const NameRun& run : repodata->names) bytes += repodata->text(run.name).size();
    FUZZ_CHECK(bytes < std::size_t{1} << 40U);
}

void read_page(std::string_view packed) {
    const PageOrigin origin{"p", "https://index.example/simple", "https://index.example/simple/p/"};
    PageFilter filter;
    filter.keep = [](std::string_view wheel) { return wheel.size() % 3 != 0; };
    (void)unpack_page(packed, origin, filter);
    (void)unpack_page(packed, origin, {});
}

void read_index(std::string_view packed) {
    const auto index = open_shard_index(packed, nullptr);
    if (!index) return;
    for (std::size_t i = 0; i < index->size(); ++i) (void)index->find(index->name(i));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view rest = fuzz::text_of(bytes + 1, size - 1);
    // Bodies lie at a multiple of 64 in their file.
    alignas(64) static char aligned[1U << 20U];
    if (rest.size() > sizeof aligned) return 0;
    std::memcpy(aligned, rest.data(), rest.size());
    const std::string_view packed(aligned, rest.size());
    std::string file(rest);
    switch (bytes[0] % 6) {
        case 0:
            read_page(packed);
            break;
        case 1:
            if (const auto metadata = unpack_core_metadata(packed))
                FUZZ_CHECK(unpack_core_metadata(pack_core_metadata(*metadata)).has_value());
            break;
        case 2:
            read_repodata(packed);
            break;
        case 3:
            read_index(packed);
            break;
        case 4:
            make_whole(file);
            [[fallthrough]];
        default:
            read_file(file);
    }
    return 0;
}
