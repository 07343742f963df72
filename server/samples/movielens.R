# MovieLens ratings from the R package dslabs (Debian: r-cran-dslabs) as a task and files to bring to it:
#
#   Rscript server/samples/movielens.R FOLDER [TITLES]
#
# writes FOLDER/task.json, the body of POST /api/tasks for the most rated titles (200), and FOLDER/person-N.csv, the
# ratings of each person with twenty of them or more, for "Add ratings from a file". FOLDER/ratings.csv has all ratings of these
# titles as numbers (person, place of the title in the task, rating): from it `movielens.ts` beside this hands out sample data. The
# data belong to GroupLens, University of Minnesota: research use, no redistribution without permission, no commercial use. So they
# are converted on one's own machine and are no part of this project: do not pass FOLDER on.

arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) < 1) stop("usage: Rscript movielens.R FOLDER [TITLES]")
folder <- arguments[1]
wanted <- if (length(arguments) > 1) as.integer(arguments[2]) else 200L

holder <- new.env()
utils::data("movielens", package = "dslabs", envir = holder)
all <- get("movielens", envir = holder)
all <- all[!is.na(all$title), c("title", "userId", "rating")]
# At most 80 characters, and each title once, whatever its case: what a task takes.
all$title <- trimws(substr(as.character(all$title), 1, 80))
key <- tolower(all$title)
all$title <- all$title[match(key, key)]

counts <- table(all$title)
# Titles rated as often as each other by their letters' codes ("radix"), not by the locale's: whoever runs this gets the same list.
titles <- names(counts)[order(-as.vector(counts), names(counts), method = "radix")][seq_len(min(wanted, length(counts)))]
kept <- all[all$title %in% titles, ]

quoted <- function(text) paste0("\"", gsub("\"", "\\\\\"", gsub("\\\\", "\\\\\\\\", text)), "\"")
topology <- sprintf(
  paste0(
    "{ \"input\": [1], \"layers\": [",
    "{ \"class_name\": \"Embedding\", \"config\": { \"name\": \"films\", \"input_dim\": %d, \"output_dim\": 9, ",
    "\"embeddings_initializer\": \"glorotUniform\" } }, ",
    "{ \"class_name\": \"Flatten\", \"config\": { \"name\": \"factors_and_bias\" } }] }"
  ),
  length(titles)
)
dir.create(folder, recursive = TRUE, showWarnings = FALSE)
writeLines(
  sprintf(
    paste0(
      "{ \"template\": \"movies\", \"id\": \"movielens\", \"model\": { \"topology\": %s },\n",
      "  \"data\": { \"sample\": \"movielens\", \"items\": [\n%s\n] } }"
    ),
    topology, paste(quoted(titles), collapse = ",\n")
  ),
  file.path(folder, "task.json"), useBytes = TRUE
)

numbers <- data.frame(person = kept$userId, item = match(kept$title, titles) - 1, rating = kept$rating)
utils::write.csv(numbers[order(numbers$person), ], file.path(folder, "ratings.csv"), row.names = FALSE)

people <- split(kept, kept$userId)
people <- people[vapply(people, nrow, 1L) >= 20]
for (place in seq_along(people)) {
  own <- people[[place]][c("title", "rating")]
  utils::write.csv(own, file.path(folder, sprintf("person-%d.csv", place)), row.names = FALSE, fileEncoding = "UTF-8")
}
cat(length(titles), "titles,", nrow(kept), "ratings,", length(people), "people\n")
