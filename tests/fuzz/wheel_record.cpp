// A RECORD, and the same text as an entry_points.txt.
#include "image/replay/wheel_record.hpp"

#include "image/replay/entry_points.hpp"
#include "tests/fuzz/check.hpp"

using namespace aimlock;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text = fuzz::text_of(bytes, size);
    if (const auto record = parse_record(text)) {
        for (const RecordLine& line : *record) {
            if (const auto digest = record_sha256(line.hash))
                FUZZ_CHECK(record_sha256(record_hash(*digest)) == digest);
            const auto again = parse_record(record_line(line.path, {}, 0));
            FUZZ_CHECK(again && again->size() == 1 && again->front().path == line.path);
        }
    }
    if (const auto points = parse_entry_points_txt(text)) {
        for (const EntryPoint& point : *points) FUZZ_CHECK(point.name.find('/') == std::string::npos);
    }
    return 0;
}
