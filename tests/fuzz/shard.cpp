// MessagePack as a channel's server may send it: as a value, as an index of shards, as a shard.
#include <memory>

#include <simdjson.h>

#include "fetch/compression.hpp"
#include "fetch/conda/kept_warnings.hpp"
#include "fetch/conda/msgpack.hpp"
#include "fetch/conda/packed_repodata.hpp"
#include "fetch/conda/shard_index.hpp"
#include "tests/fuzz/check.hpp"

using namespace aimlock;

namespace {

const RepodataOrigin origin{"forge", "linux-64", "https://host.example/forge/linux-64/", "the document"};

// What can be written as JSON can be passed over, to the same place, and is JSON where its texts are UTF-8.
void check_value(std::string_view bytes) {
    MsgpackReader written(bytes);
    MsgpackReader passed(bytes);
    std::string json;
    if (!written.append_json(json)) return;
    FUZZ_CHECK(passed.skip());
    FUZZ_CHECK(passed.finished() == written.finished());
    if (!simdjson::validate_utf8(json)) return;
    simdjson::dom::parser parser;
    simdjson::dom::element element;
    const auto code = parser.parse(json).get(element);
    // Whole numbers of 64 bits are more than some readers take.
    FUZZ_CHECK(code == simdjson::SUCCESS || code == simdjson::NUMBER_ERROR || code == simdjson::EMPTY);
}

void check_index(std::string_view compressed) {
    auto packed = pack_shard_index(compressed, origin);
    if (!packed) {
        FUZZ_CHECK(packed.error().message.find("the document") != std::string::npos);
        return;
    }
    const auto index = open_shard_index(*packed, nullptr);
    FUZZ_CHECK(index.has_value());
    FUZZ_CHECK(index->shards_base_url.starts_with("http"));
    for (std::size_t i = 0; i < index->size(); ++i) {
        const Sha256* found = index->find(index->name(i));
        FUZZ_CHECK(found != nullptr && *found == index->digests[i]);
    }
}

void check_shard(std::string_view compressed) {
    auto packed = pack_shard(compressed, sha256_of(compressed), "a", origin);
    if (!packed) {
        FUZZ_CHECK(packed.error().message.find("the document") != std::string::npos);
        return;
    }
    KeptWarnings log;
    const auto records = open_packed_repodata(*packed, nullptr, origin, log);
    FUZZ_CHECK(records.has_value());
    FUZZ_CHECK(records->records_named("a").size() == records->records.size());
    for (const CondaRecord& record : records->records) {
        const std::string_view file = records->text(record.file_name);
        FUZZ_CHECK(file.find('/') == std::string_view::npos && !file.starts_with(".."));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text = fuzz::text_of(bytes, size);
    check_value(text);
    const std::string compressed = compress_zstd(text);
    check_index(compressed);
    check_shard(compressed);
    check_index(text);
    return 0;
}
