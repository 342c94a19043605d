#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fetch/conda/repodata.hpp"

namespace aimlock {

/// Puts the values that RepodataCutter emits into a Repodata. One thread at a time.
class RecordReader {
public:
    /// `only_name`: records of other names are not usable; empty: all are.
    explicit RecordReader(const RepodataOrigin& origin, std::string_view only_name = {});
    ~RecordReader();
    RecordReader(const RecordReader&) = delete;
    RecordReader& operator=(const RecordReader&) = delete;

    /// `text` is one whole JSON value of the outer key `key`.
    Result<void> take(std::string_view key, std::string text);
    /// Everything taken, less what `removed` lists.
    Repodata finish(Log& log);

private:
    class Parser;
    std::unique_ptr<Parser> parser_;
};

}  // namespace aimlock
